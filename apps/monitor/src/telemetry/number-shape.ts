/** What a value of JSON is without its numbers. */
export type Shape =
  | { readonly kind: 'number' }
  | { readonly kind: 'constant'; readonly value: unknown }
  | { readonly kind: 'list'; readonly parts: readonly Shape[] }
  | { readonly kind: 'record'; readonly keys: readonly string[]; readonly parts: readonly Shape[] };

const NUMBER: Shape = { kind: 'number' };

export function shapeOf(value: unknown): Shape {
  if (typeof value === 'number') return NUMBER;
  if (Array.isArray(value)) return { kind: 'list', parts: value.map(shapeOf) };
  if (typeof value !== 'object' || value === null) return { kind: 'constant', value };
  return { kind: 'record', keys: Object.keys(value), parts: Object.values(value).map(shapeOf) };
}

/** How many numbers a value of this shape has. */
export function numbersIn(shape: Shape): number {
  if (shape.kind === 'number') return 1;
  return shape.kind === 'constant' ? 0 : shape.parts.reduce((sum, part) => sum + numbersIn(part), 0);
}

/**
 * Writes the numbers of a value, in its order, from `at` on. Returns the place after the last one; -1 when the value is of another
 * shape, and what was written then means nothing.
 */
export function takeNumbers(shape: Shape, value: unknown, into: Float64Array, at: number): number {
  switch (shape.kind) {
    case 'number':
      if (typeof value !== 'number') return -1;
      into[at] = value;
      return at + 1;
    case 'constant':
      return Object.is(value, shape.value) ? at : -1;
    case 'list':
      if (!Array.isArray(value) || value.length !== shape.parts.length) return -1;
      return takeParts(shape.parts, value, into, at);
    case 'record': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return -1;
      let [next, n] = [at, 0];
      for (const key in value) {
        if (key !== shape.keys[n]) return -1;
        next = takeNumbers(shape.parts[n] ?? NUMBER, (value as Record<string, unknown>)[key], into, next);
        if (next === -1) return -1;
        n += 1;
      }
      return n === shape.keys.length ? next : -1;
    }
  }
}

/** The value of which these were the numbers. */
export function withNumbers(shape: Shape, numbers: Iterator<number, unknown>): unknown {
  switch (shape.kind) {
    case 'number': {
      const next = numbers.next();
      if (next.done === true) throw new Error('A shape has more numbers than were kept of it');
      return next.value;
    }
    case 'constant':
      return shape.value;
    case 'list':
      return shape.parts.map((part) => withNumbers(part, numbers));
    case 'record':
      return Object.fromEntries(shape.parts.map((part, n) => [shape.keys[n] ?? '', withNumbers(part, numbers)]));
  }
}

function takeParts(parts: readonly Shape[], values: readonly unknown[], into: Float64Array, at: number): number {
  let next = at;
  for (let n = 0; n < parts.length && next !== -1; n += 1)
    next = takeNumbers(parts[n] ?? NUMBER, values[n], into, next);
  return next;
}
