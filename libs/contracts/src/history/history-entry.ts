import * as z from 'zod/mini';
import { type FactFamilyName, factFamilies } from '../bus/facts.js';
import { FactMeta } from '../fact.js';
import type { Permission } from '../permissions.js';

export const factFamilyNames = Object.keys(factFamilies) as readonly FactFamilyName[];
export const FamilyName = z.enum(
  factFamilyNames as [FactFamilyName, ...FactFamilyName[]],
  'This is not a kind of fact',
);

/** One fact as the timeline keeps it: the raw fact, and whom it is about as people knew them at that time. */
export const HistoryEntry = z.object({
  id: z.uuid(),
  family: FamilyName,
  stream: z.string(),
  version: z.number(),
  position: z.number(),
  /** When it was recorded, to the millisecond. */
  at: z.iso.datetime(),
  type: z.string(),
  data: z.record(z.string(), z.unknown()),
  meta: FactMeta,
  subject: z.object({
    kind: z.enum(['node', 'account', 'key', 'integration', 'webhook', 'gateway']),
    id: z.string(),
    name: z.string(),
  }),
});
export type HistoryEntry = z.infer<typeof HistoryEntry>;

/** What one needs to read the facts of a family. The one rule for pages, rooms and exports alike. */
export const neededToRead: Record<FactFamilyName, Permission> = {
  node: 'fleet:view',
  health: 'fleet:view',
  account: 'accounts:manage',
  key: 'keys:manage',
  integration: 'integrations:manage',
  webhook: 'integrations:manage',
  settings: 'settings:manage',
};

/** The families of facts that somebody with these permissions may read, in the order of the table of families. */
export const readableFamilies = (permissions: readonly Permission[]): FactFamilyName[] =>
  factFamilyNames.filter((family) => permissions.includes(neededToRead[family]));

/** Where an entry stands in the timeline. */
export type HistoryPlace = Pick<HistoryEntry, 'at' | 'position' | 'id'>;

/** Newest first: by time, and within one moment by position; the id decides between two stores. */
export function newestFirst(one: HistoryPlace, other: HistoryPlace): number {
  const order = Date.parse(other.at) - Date.parse(one.at) || other.position - one.position;
  return order || (one.id < other.id ? 1 : one.id > other.id ? -1 : 0);
}

const CURSOR = /^(\d{1,15})_(\d{1,15})_([0-9a-f-]{36})$/;

/** Where the page after this entry begins, for `before`. */
export const cursorOf = ({ at, position, id }: HistoryPlace): string => `${Date.parse(at)}_${position}_${id}`;

export const HistoryCursor = z
  .string('The cursor must be text')
  .check(z.regex(CURSOR, 'This is not a cursor that the history gave out'));

/** Reads a cursor back. Throws for text that HistoryCursor does not accept. */
export function placeOfCursor(cursor: string): HistoryPlace {
  const [, atMs, position, id] = CURSOR.exec(cursor) ?? [];
  if (atMs === undefined || position === undefined || id === undefined) throw new Error('This is not a cursor');
  return { at: new Date(Number(atMs)).toISOString(), position: Number(position), id };
}
