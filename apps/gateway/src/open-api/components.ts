import * as contracts from '@muster/contracts';
import * as z from 'zod/mini';

export type Json = Record<string, unknown>;

const uriOf = (name: string): string => `#/components/schemas/${name}`;

/** What zod adds for documents of their own; OpenAPI 3.1 says itself which dialect its schemas are in. */
const withoutPlace = (schema: Json): Json =>
  Object.fromEntries(Object.entries(schema).filter(([name]) => name !== '$schema' && name !== '$id'));

/** A schema as it stands alone, without references. */
export const inline = (schema: z.ZodMiniType, io: 'input' | 'output'): Json =>
  withoutPlace({ ...z.toJSONSchema(schema, { io, unrepresentable: 'any' }) });

/**
 * JSON Schemas of answers, in which what has a name in contracts is a reference to it. `used` gives each that was referred to, from
 * wherever, by its name.
 */
export class Components {
  readonly #all: Record<string, Json>;
  readonly #names = new Map<z.ZodMiniType, string>();
  readonly #used = new Set<string>();

  constructor(answers: readonly z.ZodMiniType[]) {
    const registry = z.registry<{ id: string }>();
    const add = (schema: z.ZodMiniType, id: string) => {
      if (this.#names.has(schema)) return;
      this.#names.set(schema, id);
      registry.add(schema, { id });
    };
    for (const [name, value] of Object.entries(contracts)) if (isNamed(value)) add(value, name);
    answers.forEach((schema, n) => {
      add(schema, `answer ${n}`);
    });
    const { schemas } = z.toJSONSchema(registry, { io: 'output', unrepresentable: 'any', uri: uriOf });
    this.#all = Object.fromEntries(
      Object.entries(schemas).map(([name, schema]) => [name, withoutPlace(schema as Json)]),
    );
  }

  /** What stands for one of the answers. */
  of(schema: z.ZodMiniType): Json {
    const name = this.#names.get(schema) ?? '';
    if (name.startsWith('answer ')) return this.#following(this.#all[name] ?? {});
    return this.#following({ $ref: uriOf(name) });
  }

  /** What was referred to, by name and in its order. */
  get used(): Record<string, Json> {
    return Object.fromEntries([...this.#used].sort().map((name) => [name, this.#all[name] ?? {}]));
  }

  #following(schema: Json): Json {
    for (const [, name = ''] of JSON.stringify(schema).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (this.#used.has(name)) continue;
      this.#used.add(name);
      this.#following(this.#all[name] ?? {});
    }
    return schema;
  }
}

/** Objects and choices among them; what is a word or a number says itself best where it stands. */
const isNamed = (value: unknown): value is z.ZodMiniType =>
  value instanceof z.ZodMiniObject || value instanceof z.ZodMiniUnion || value instanceof z.ZodMiniDiscriminatedUnion;
