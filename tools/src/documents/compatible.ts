import type { JsonSchema } from './json-schemas.js';

/** What says nothing about which data fits. */
const WORDS = new Set(['$schema', '$id', 'title', 'description', 'default', 'definitions']);
const LISTS = ['enum', 'oneOf', 'anyOf'];

/**
 * What about a schema has changed that must not change while its id stays, by the rule in docs/integration.md: within a version
 * a field that may be absent may come, a word or a form may join a list, and nothing else. Each finding begins with its field.
 */
export function breaches(before: JsonSchema, now: JsonSchema): string[] {
  const found: string[] = [];
  compare(before, now, '');
  return found;

  function compare(one: JsonSchema, other: JsonSchema, at: string): void {
    const [was, is] = [plain(one, before), plain(other, now)];
    const tell = (words: string) => found.push(`${at === '' ? 'the data' : at} ${words}`);
    compareFields(was, is, at);
    for (const list of LISTS) compareList(list, was, is, at);
    if (isObject(was['items']) && isObject(is['items'])) compare(was['items'], is['items'], `${at}[]`);
    const told = new Set(['properties', 'required', 'items', ...LISTS]);
    for (const key of new Set([...Object.keys(was), ...Object.keys(is)])) {
      if (told.has(key) || WORDS.has(key)) continue;
      if (JSON.stringify(was[key]) !== JSON.stringify(is[key]))
        tell(`has ${key} ${JSON.stringify(is[key]) ?? 'no more'} where it had ${JSON.stringify(was[key]) ?? 'none'}`);
    }
  }

  function compareFields(was: JsonSchema, is: JsonSchema, at: string): void {
    const [fields, newer] = [(was['properties'] ?? {}) as JsonSchema, (is['properties'] ?? {}) as JsonSchema];
    const [needed, neededNow] = [(was['required'] ?? []) as string[], (is['required'] ?? []) as string[]];
    const path = (name: string) => (at === '' ? name : `${at}.${name}`);
    for (const [name, schema] of Object.entries(fields)) {
      const same = newer[name];
      if (same === undefined) found.push(`${path(name)} is gone`);
      else compare(schema as JsonSchema, same as JsonSchema, path(name));
      if (needed.includes(name) && !neededNow.includes(name) && same !== undefined)
        found.push(`${path(name)} may be absent`);
    }
    for (const name of neededNow) {
      if (name in fields && !needed.includes(name)) found.push(`${path(name)} must not be absent any more`);
      if (!(name in fields)) found.push(`${path(name)} is new and must not be absent`);
    }
  }

  function compareList(list: string, was: JsonSchema, is: JsonSchema, at: string): void {
    const [words, newer] = [was[list], is[list]];
    if (!Array.isArray(words) || !Array.isArray(newer)) {
      if ((words === undefined) !== (newer === undefined)) found.push(`${at} has another ${list}`);
      return;
    }
    const entries = newer.map((each) => JSON.stringify(resolved(each, now)));
    for (const word of words) {
      const text = JSON.stringify(resolved(word, before));
      if (!entries.includes(text)) found.push(`${at} no longer takes ${text.slice(0, 80)}`);
    }
  }
}

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A schema with its reference followed, and what is wrapped for its words unwrapped. */
function plain(schema: JsonSchema, document: JsonSchema): JsonSchema {
  const { $ref, allOf, ...rest } = schema;
  if (typeof $ref === 'string') {
    const definitions = document['definitions'] as Record<string, JsonSchema> | undefined;
    return plain(definitions?.[$ref.slice('#/definitions/'.length)] ?? {}, document);
  }
  if (Array.isArray(allOf) && allOf.length === 1) return { ...plain(allOf[0] as JsonSchema, document), ...rest };
  return schema;
}

/** With every reference followed and no words, so that two of them can be compared whole. */
function resolved(value: unknown, document: JsonSchema): unknown {
  if (Array.isArray(value)) return value.map((each) => resolved(each, document));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(plain(value, document))
      .filter(([key, each]) => !(WORDS.has(key) && typeof each === 'string'))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, each]) => [key, resolved(each, document)]),
  );
}
