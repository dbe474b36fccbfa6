import * as z from 'zod/mini';
import type { StoredEvent } from './fact.js';

/** What became of a shape that was shipped: the data of one type of fact as it was, made into what it is today. */
export interface UpcastRule {
  readonly type: string;
  /** Leaves data that has the new shape already as it is. */
  readonly toNext: (data: StoredEvent['data']) => StoredEvent['data'];
}

/**
 * Oldest first, for ever: the place of a rule is its edition. There is no old shape yet: the first change of a shipped one adds its
 * rule here and its fixture in `fixtures/`. What needs a rule and what does not, says `docs/integration.md`.
 */
const rules: readonly UpcastRule[] = [];

/** Upcasting by these rules. For specs; everybody else has `upcast`. */
export const upcastBy =
  (given: readonly UpcastRule[]) =>
  (stored: StoredEvent): StoredEvent => {
    let today = stored;
    for (const { type, toNext } of given) if (type === stored.type) today = { ...today, data: toNext(today.data) };
    return today;
  };

/** Old JSON to today's, one rule after the other, oldest first. Run on every read of a stored event or a fact from the bus. */
export const upcast = upcastBy(rules);

/** Saved with every event: by which edition of all the shapes it was written. One more with each rule. */
export const SCHEMA_VERSION = 1 + rules.length;

/** The version of a type's shape in an edition of all the shapes: 1, and one more with each rule about it until then. */
export const shapeVersionBy =
  (given: readonly UpcastRule[]) =>
  (type: string, edition: number = 1 + given.length): number =>
    1 + given.slice(0, edition - 1).filter((rule) => rule.type === type).length;

/** The version of a type's shape, today's or that of the edition in which an event was saved. */
export const shapeVersion = shapeVersionBy(rules);

/** The id of the schema that a fact's data has, for ever: `urn:muster:fact:NodeRegistered:1`. */
export const schemaIdOf = (type: string, edition?: number): string =>
  `urn:muster:fact:${type}:${shapeVersion(type, edition)}`;

/** The id of a schema, as `schemaIdOf` makes it. */
export const FactSchemaId = z
  .string()
  .check(
    z.regex(
      /^urn:muster:fact:[A-Za-z]{1,64}:[1-9]\d{0,3}$/,
      'This must be an id like urn:muster:fact:NodeRegistered:1',
    ),
  );
