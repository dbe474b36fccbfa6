import { badValue, notSupported } from './openai-error.js';

/** A JSON schema in the words that the library makes a grammar of, and what of it no grammar can hold. */
export interface GrammarSchema {
  readonly schema: object;
  /** Where a rule stands that answers are not held to, as `properties.age.minimum`. Empty for a strict schema. */
  readonly notHeld: readonly string[];
}

/** Nesting deeper than this is refused: each level costs the library a frame. */
const MAX_DEPTH = 64;
/** Longer ones are refused: a grammar grows with its schema, and so does each token's price. */
const MAX_LENGTH = 64 * 1024;

type Node = Readonly<Record<string, unknown>>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Rules of JSON Schema (draft 2020-12) that a grammar of the library can not hold. Other words are annotations. */
const rules = [
  ...['pattern', 'multipleOf', 'uniqueItems', 'allOf', 'not', 'if', 'then', 'else', 'patternProperties'],
  ...['propertyNames', 'contains', 'minContains', 'maxContains', 'dependentRequired', 'dependentSchemas'],
  ...['unevaluatedItems', 'unevaluatedProperties', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
];
/** A bound that each number of JavaScript keeps says nothing: makers of schemas write it for "integer". */
const isNoBound = (rule: string, value: unknown): boolean =>
  (rule === 'minimum' && value === Number.MIN_SAFE_INTEGER) ||
  (rule === 'maximum' && value === Number.MAX_SAFE_INTEGER);

const scalars = ['string', 'number', 'integer', 'boolean', 'null'];
const anything = {
  oneOf: [{ type: scalars }, { type: 'object', additionalProperties: true }, { type: 'array' }],
};

/**
 * A JSON schema as the library takes it. Every property is written, in the order of the schema, whether required or not; an
 * object with properties has no others unless the schema allows them. A rule that no grammar can hold is refused in a strict
 * schema and left to the model otherwise. Throws OpenAiError that names the place.
 */
export function grammarSchema(schema: unknown, param: string, strict: boolean): GrammarSchema {
  if (!isNode(schema)) throw badValue(param, 'The schema must be an object.');
  if (JSON.stringify(schema).length > MAX_LENGTH)
    throw badValue(param, `The schema is longer than ${MAX_LENGTH} characters.`);
  const notHeld: string[] = [];
  const definitions = { ...childrenOf(schema['definitions']), ...childrenOf(schema['$defs']) };

  const convert = (node: unknown, at: string, depth: number): Record<string, unknown> => {
    if (depth > MAX_DEPTH) throw badValue(at, `The schema is nested deeper than ${MAX_DEPTH} levels.`);
    if (node === true) return anything;
    if (!isNode(node)) throw badValue(at, 'A schema must be an object.');
    for (const rule of rules)
      if (node[rule] !== undefined && !isNoBound(rule, node[rule])) leave(`${at}.${rule}`, `"${rule}"`);
    const child = (value: unknown, name: string) => convert(value, `${at}.${name}`, depth + 1);
    const each = (values: readonly unknown[], name: string) => values.map((value, n) => child(value, `${name}[${n}]`));

    if (node['$ref'] !== undefined) return { $ref: reference(node['$ref'], `${at}.$ref`) };
    if ('const' in node) return { const: scalar(node['const'], `${at}.const`) };
    if (Array.isArray(node['enum']))
      return { enum: node['enum'].map((value: unknown, n) => scalar(value, `${at}.enum[${n}]`)) };
    for (const choice of ['oneOf', 'anyOf'] as const) {
      const options = node[choice];
      if (!Array.isArray(options) || options.length === 0) continue;
      if (node['type'] !== undefined || node['properties'] !== undefined)
        leave(`${at}.${choice}`, 'what stands beside it');
      return { oneOf: each(options, choice) };
    }
    const types = Array.isArray(node['type']) ? node['type'] : [node['type'] ?? impliedType(node)];
    if (types.length > 1 && !types.every((type) => scalars.includes(String(type))))
      return { oneOf: types.map((type) => convert({ ...node, type }, at, depth + 1)) };
    switch (types.length > 1 ? 'scalars' : types[0]) {
      case undefined:
        return anything;
      case 'object': {
        const properties = childrenOf(node['properties']);
        const more = node['additionalProperties'] ?? Object.keys(properties).length === 0;
        return {
          type: 'object',
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, value]) => [name, child(value, `properties.${name}`)]),
          ),
          additionalProperties: typeof more === 'boolean' ? more : child(more, 'additionalProperties'),
          ...present(node, ['minProperties', 'maxProperties']),
        };
      }
      case 'array':
        return {
          type: 'array',
          ...(node['items'] === undefined || typeof node['items'] === 'boolean'
            ? {}
            : { items: child(node['items'], 'items') }),
          ...(Array.isArray(node['prefixItems']) ? { prefixItems: each(node['prefixItems'], 'prefixItems') } : {}),
          ...present(node, ['minItems', 'maxItems']),
        };
      case 'string':
        return {
          type: 'string',
          ...(['date', 'time', 'date-time'].includes(String(node['format']))
            ? { format: node['format'] }
            : present(node, ['minLength', 'maxLength'])),
        };
      case 'scalars':
        return { type: types };
      default:
        if (!scalars.includes(String(types[0])))
          throw badValue(`${at}.type`, `"${String(types[0])}" is no type of JSON.`);
        return { type: types[0] };
    }
  };
  const reference = (value: unknown, at: string): string => {
    const name = /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(String(value))?.[1];
    if (name === undefined || definitions[name] === undefined)
      throw notSupported(at, 'A reference must name an entry of $defs at the top of the schema.');
    return `#/$defs/${name}`;
  };
  const leave = (at: string, what: string) => {
    if (strict) throw notSupported(at, `A strict schema is held to the letter, and ${what} can not be: leave it out.`);
    notHeld.push(at);
  };

  const converted = convert(schema, param, 0);
  const $defs = Object.fromEntries(
    Object.entries(definitions).map(([name, value]) => [name, convert(value, `${param}.$defs.${name}`, 1)]),
  );
  return { schema: Object.keys($defs).length === 0 ? converted : { ...converted, $defs }, notHeld };
}

const childrenOf = (value: unknown): Node => (isNode(value) ? value : {});

/** What a schema without a type is about, going by its other words. */
function impliedType(node: Node): string | undefined {
  if (node['properties'] !== undefined || node['additionalProperties'] !== undefined) return 'object';
  if (node['items'] !== undefined || node['prefixItems'] !== undefined) return 'array';
  return node['minLength'] !== undefined || node['maxLength'] !== undefined ? 'string' : undefined;
}

function scalar(value: unknown, at: string): string | number | boolean | null {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value))
    return value as string | number | boolean | null;
  throw notSupported(at, 'Only texts, numbers, true, false and null can stand here.');
}

const present = (node: Node, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.filter((name) => typeof node[name] === 'number').map((name) => [name, node[name]]));
