import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

export interface UntilOptions {
  /** How long to wait at most; 5 s unless told otherwise. */
  readonly withinMs?: number;
  /** How long to wait between two looks; 20 ms unless told otherwise. */
  readonly everyMs?: number;
}

/**
 * Reads until `holds` says so (or, without it, until the value is truthy), and returns what was read then. A read that
 * throws counts as one that does not hold yet. Rejects after `withinMs` with the last value or error seen.
 */
export async function until<T>(
  read: () => T | Promise<T>,
  holds: (value: T) => boolean = Boolean,
  { withinMs = 5_000, everyMs = 20 }: UntilOptions = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: { value: T } | { error: unknown };
  do {
    try {
      const value = await read();
      if (holds(value)) return value;
      last = { value };
    } catch (error) {
      last = { error };
    }
    await sleep(everyMs);
  } while (performance.now() < deadline);
  if ('error' in last) throw new Error(`Not within ${withinMs} ms; the last look failed`, { cause: last.error });
  throw new Error(`Not within ${withinMs} ms; last seen: ${inspect(last.value, { depth: 6 })}`);
}
