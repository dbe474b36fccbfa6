import * as contracts from '@muster/contracts';
import { factFamilies, type Order, RequestEvent } from '@muster/contracts';
import * as z from 'zod/mini';
import type { Comments } from './comments.js';

/** JSON Schema, draft 7: what AsyncAPI describes messages with. */
export type JsonSchema = Record<string, unknown>;

/** A type of fact: where its data is described, and what of. */
export interface FactType {
  /** `NodeRegistered`. */
  readonly type: string;
  /** The family's name, as the folder of its fixtures. */
  readonly family: string;
  readonly data: z.ZodMiniType;
}

const REF = '#/components/schemas/';

interface Union {
  readonly def: {
    readonly options: readonly {
      readonly def: {
        readonly shape: {
          readonly type: { readonly def: { readonly values: Iterable<unknown> } };
          readonly data: z.ZodMiniType;
        };
      };
    }[];
  };
}

const typesIn = (family: string, { def }: Union): FactType[] =>
  def.options.map(({ def: { shape } }) => ({
    family,
    type: String([...shape.type.def.values][0]),
    data: shape.data,
  }));

/** Every type of fact that there is, those about requests last. */
export const factTypes = (): FactType[] => [
  ...Object.entries(factFamilies).flatMap(([family, { schema }]) => typesIn(family, schema)),
  ...typesIn('request', RequestEvent),
];

const isSchema = (value: unknown): value is z.ZodMiniType =>
  typeof value === 'object' && value !== null && '_zod' in value;

const isOrder = (value: unknown): value is Order =>
  typeof value === 'object' && value !== null && 'subject' in value && 'request' in value && 'reply' in value;

/** Every order that there is, by the name that contracts gives it. */
export const orders = (): [string, Order][] =>
  Object.entries<unknown>(contracts).filter((entry): entry is [string, Order] => isOrder(entry[1]));

export interface Schemas {
  readonly all: Readonly<Record<string, JsonSchema>>;
  /** The name of a schema of contracts. Throws when it has none: then it has to be exported there. */
  nameOf(schema: z.ZodMiniType): string;
}

/**
 * Every schema that contracts gives a name, under that name, as JSON Schema with the comments of the source as descriptions;
 * of a fact its data, under the fact's type; of an order what it asks and what is replied. They refer to each other as the
 * components of an AsyncAPI document.
 */
export function jsonSchemas(comments: Comments): Schemas {
  const facts = factTypes();
  const names = z.registry<{ id: string }>();
  const name = (schema: z.ZodMiniType, id: string) => {
    if (!names.has(schema)) names.add(schema, { id });
  };
  for (const { type, data } of facts) name(data, type);
  for (const [id, value] of Object.entries<unknown>(contracts))
    if (isSchema(value) && !facts.some(({ type }) => type === id)) name(value, id);
  for (const [id, { request, reply }] of orders()) {
    name(request, `${id}Request`);
    name(reply, `${id}Reply`);
  }
  const { schemas } = z.toJSONSchema(names, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    uri: (id) => `${REF}${id}`,
    override: ({ jsonSchema }) => tidy(jsonSchema),
  });
  const all = Object.fromEntries(
    Object.entries<JsonSchema>(schemas)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([id, schema]) => [id, described(id, without(schema, '$schema', '$id'), comments)]),
  );
  return {
    all,
    nameOf(schema) {
      const named = names.get(schema);
      if (named === undefined) throw new Error('A schema of the bus has no name: export it from contracts');
      return named.id;
    },
  };
}

/** The same without some of its keys. */
export const without = (schema: JsonSchema, ...keys: readonly string[]): JsonSchema =>
  Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)));

/** Without what only repeats: the pattern of a format that has a name, the largest number that JavaScript counts exactly. */
function tidy(schema: JsonSchema): void {
  if (schema['format'] === 'uuid' || schema['format'] === 'date-time') delete schema['pattern'];
  if (schema['maximum'] === Number.MAX_SAFE_INTEGER) delete schema['maximum'];
  if (schema['minimum'] === Number.MIN_SAFE_INTEGER) delete schema['minimum'];
}

/** With the comments of the source where they belong. A reference has no room for words, so it is wrapped. */
function described(id: string, schema: JsonSchema, comments: Comments): JsonSchema {
  const name = comments.of(id) === undefined ? id.replace(/(Request|Reply)$/, '') : id;
  const words = comments.of(name);
  const walked = walk(schema) as JsonSchema;
  return words === undefined ? walked : { description: words, ...walked };

  function walk(node: unknown): unknown {
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(
      Object.entries(unwrapped(node as JsonSchema)).map(([key, value]) => {
        if (key === 'default' || key === 'enum' || key === 'const') return [key, value];
        if (key !== 'properties') return [key, walk(value)];
        return [key, Object.fromEntries(Object.entries(value as JsonSchema).map(field))];
      }),
    );
  }

  function field([property, value]: [string, unknown]): [string, unknown] {
    const schema = walk(value) as JsonSchema;
    const comment = comments.ofField(name, property);
    if (comment === undefined) return [property, schema];
    return [property, { description: comment, ...('$ref' in schema ? { allOf: [schema] } : schema) }];
  }
}

/** `allOf` of one reference and nothing beside it is that reference. */
function unwrapped(schema: JsonSchema): JsonSchema {
  const { allOf, ...rest } = schema;
  if (!Array.isArray(allOf) || allOf.length !== 1 || Object.keys(rest).length > 0) return schema;
  return allOf[0] as JsonSchema;
}

/** The names that a schema, or anything that holds some, refers to, by way of others too. */
export function namesWithin(node: unknown, schemas: Readonly<Record<string, JsonSchema>>): Set<string> {
  const found = new Set<string>();
  const look = (inside: unknown): void => {
    if (typeof inside !== 'object' || inside === null) return;
    for (const [key, value] of Object.entries(inside)) {
      if (key === '$ref' && typeof value === 'string' && value.startsWith(REF)) {
        const name = value.slice(REF.length);
        if (found.has(name)) continue;
        found.add(name);
        look(schemas[name]);
      } else look(value);
    }
  };
  look(node);
  return found;
}

/** A reference to a named schema. */
export const refTo = (name: string): JsonSchema => ({ $ref: `${REF}${name}` });

/** One schema by itself, as others may keep it: with an id, its dialect, and what it refers to within. */
export function standalone(name: string, id: string, schemas: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const others = [...namesWithin(schemas[name], schemas)].sort();
  const document = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: id,
    title: name,
    ...schemas[name],
    ...(others.length === 0 ? {} : { definitions: Object.fromEntries(others.map((other) => [other, schemas[other]])) }),
  };
  return JSON.parse(JSON.stringify(document).replaceAll(REF, '#/definitions/')) as JsonSchema;
}
