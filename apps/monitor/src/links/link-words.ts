import { judge, type Link, type LinkCause } from '@muster/contracts';

/** Why there is no link, as the status says it, within a sentence. */
export function causeWords(cause: LinkCause): string {
  const link = { phase: 'down', cause, since: '1970-01-01T00:00:00.000Z' } as const;
  const { words } = judge({ activated: true, link, condition: undefined, executors: [] });
  return words.slice(0, 1).toLowerCase() + words.slice(1);
}

/** Two reckonings of one moment lie closer together than this. */
const SAME_MOMENT_MS = 100;

/** Whether nothing changed about a link but its round trip. */
export function isSameLink(one: Link | undefined, other: Link | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (one.phase === 'up' || other.phase === 'up')
    return one.phase === 'up' && other.phase === 'up' && one.frames === other.frames && one.since === other.since;
  if (one.since !== other.since || one.phase !== other.phase) return false;
  if (one.phase !== 'down' || other.phase !== 'down') return true;
  const [first, second] = [one.nextTryAt, other.nextTryAt];
  if (one.cause !== other.cause || (first === undefined) !== (second === undefined)) return false;
  return first === undefined || Math.abs(Date.parse(first) - Date.parse(second ?? first)) < SAME_MOMENT_MS;
}
