import * as z from 'zod/mini';
import { actorWords } from '../fact.js';
import { AccountId } from '../registry/account.events.js';
import { NodeId } from '../registry/node.events.js';
import { type HistoryEntry, FamilyName } from './history-entry.js';
import { describeFact } from './describe-fact.js';

const time = z.iso.datetime({
  offset: true,
  error: 'This must be a time like 2026-11-23T12:00:00Z',
});
/** More words than this are no search; the rest would not be looked at, so it is refused. */
export const MOST_WORDS = 8;

/** Which part of the timeline: each field that is given narrows it. */
export const HistoryFilter = z.object({
  /** Facts about this node. */
  node: z.optional(NodeId),
  /** Facts about this account or its keys, or caused by it or by them. */
  account: z.optional(AccountId),
  family: z.optional(FamilyName),
  /** A type of fact, as `NodeRenamed`. */
  kind: z.optional(z.string().check(z.regex(/^[A-Z][A-Za-z]{0,63}$/, 'This must be a type of fact, as NodeRenamed'))),
  /** Who caused it: the name, whatever the case, or the id. */
  actor: z.optional(z.string().check(z.minLength(1, 'This is empty'), z.maxLength(64, 'At most 64 characters'))),
  /** From this moment on, and up to and with that one. */
  from: z.optional(time),
  to: z.optional(time),
  /** Words that all stand in the entry as it is shown, whatever the case. */
  text: z.optional(
    z.string().check(
      z.maxLength(200, 'At most 200 characters'),
      z.refine((text) => wordsOf(text).length <= MOST_WORDS, `At most ${MOST_WORDS} words`),
    ),
  ),
});
export type HistoryFilter = z.infer<typeof HistoryFilter>;

/** The words that a search looks for. */
export const wordsOf = (text: string): string[] => text.toLowerCase().split(/\s+/).filter(Boolean);

/** What a search looks in: everything that the page shows of an entry, in small letters. */
export function searchedText(entry: HistoryEntry): string {
  const { title, detail, change } = describeFact(entry);
  const { subject, meta, type } = entry;
  return [title, detail, change?.from, change?.to, subject.name, actorWords(meta.actor), type]
    .filter((part) => part !== undefined)
    .join('\n')
    .toLowerCase();
}

/** Whether an entry is in that part of the timeline: the same as the registry's query says, for entries that come live. */
export function inFilter(entry: HistoryEntry, filter: HistoryFilter): boolean {
  const { subject, meta, family, type } = entry;
  const { actor } = meta;
  const isActor = (key: string): boolean => actor.id === key || actor.name.toLowerCase() === key.toLowerCase();
  const about = (kind: typeof subject.kind, id: string): boolean => subject.kind === kind && subject.id === id;
  const at = Date.parse(entry.at);
  if (filter.node !== undefined && !about('node', filter.node)) return false;
  if (filter.account !== undefined && !about('account', filter.account) && !isOf(entry, filter.account)) return false;
  if (filter.family !== undefined && family !== filter.family) return false;
  if (filter.kind !== undefined && type !== filter.kind) return false;
  if (filter.actor !== undefined && !isActor(filter.actor)) return false;
  if (filter.from !== undefined && at < Date.parse(filter.from)) return false;
  if (filter.to !== undefined && at > Date.parse(filter.to)) return false;
  if (filter.text === undefined) return true;
  const searched = searchedText(entry);
  return wordsOf(filter.text).every((word) => searched.includes(word));
}

/** Whether an account, or one of its keys, caused a fact, or it is about one of its keys. */
const isOf = ({ family, data, meta: { actor } }: HistoryEntry, accountId: string): boolean =>
  (actor.kind === 'account' && actor.id === accountId) ||
  actor.owner?.id === accountId ||
  (family === 'key' && data['ownerId'] === accountId);
