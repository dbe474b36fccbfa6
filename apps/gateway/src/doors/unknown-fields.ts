import { type FieldProblem, Refusal } from '@muster/contracts';
import type * as z from 'zod/mini';

interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodMiniType>>;
  readonly element?: z.ZodMiniType;
  readonly innerType?: z.ZodMiniType;
  readonly catchall?: unknown;
}

const definitionOf = (schema: z.ZodMiniType): Definition => schema._zod.def as Definition;

function unknownFields(schema: z.ZodMiniType, input: unknown, path: string): FieldProblem[] {
  const { type, shape, element, innerType, catchall } = definitionOf(schema);
  if (innerType !== undefined) return unknownFields(innerType, input, path);
  if (type === 'array' && element !== undefined && Array.isArray(input))
    return input.flatMap((item, index) => unknownFields(element, item, `${path}${index}.`));
  if (shape === undefined || catchall !== undefined) return [];
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return [];
  return Object.entries(input).flatMap(([name, value]) => {
    const field = Object.hasOwn(shape, name) ? shape[name] : undefined;
    return field === undefined
      ? [{ field: `${path}${name.slice(0, 64)}`, words: 'There is no such field' }]
      : unknownFields(field, value, `${path}${name}.`);
  });
}

/**
 * Refuses input with a field that the schema does not name: whoever writes `adress` learns so, instead of an order that
 * did less than was meant. Services among themselves read tolerantly; people's orders at this edge do not.
 */
export function refuseUnknownFields(schema: z.ZodMiniType, input: unknown): void {
  const fields = unknownFields(schema, input, '').slice(0, 20);
  const [first] = fields;
  if (first !== undefined) throw new Refusal('bad-input', { fields, field: first.field, words: first.words });
}
