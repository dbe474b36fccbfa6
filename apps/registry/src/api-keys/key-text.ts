import { createHash, randomBytes } from 'node:crypto';
import { API_KEY_MARK } from '@muster/contracts';

/** A new API key: its mark and 256 random bits. Handed out once and stored nowhere. */
export const newApiKey = (): string => `${API_KEY_MARK}${randomBytes(32).toString('base64url')}`;

/** What is stored in place of a key: SHA-256 in hex. */
export const hashOfKey = (key: string): string => createHash('sha256').update(key).digest('hex');

const KEPT_MS = 2 * 60_000;
const MOST_KEPT = 100;

/**
 * Keys that were just made, by the order that made them, in memory alone: an order that is sent again, since its answer was lost,
 * gets the same answer. Each for two minutes, and at most 100; after that a key is shown to nobody. Times are a monotonic clock's.
 */
export class JustMade {
  readonly #keys = new Map<string, { readonly key: string; readonly untilMs: number }>();

  keep(commandId: string, key: string, nowMs: number): void {
    for (const [each, { untilMs }] of this.#keys)
      if (untilMs <= nowMs || this.#keys.size >= MOST_KEPT) this.#keys.delete(each);
    this.#keys.set(commandId, { key, untilMs: nowMs + KEPT_MS });
  }

  get(commandId: string, nowMs: number): string | undefined {
    const made = this.#keys.get(commandId);
    return made !== undefined && nowMs < made.untilMs ? made.key : undefined;
  }
}
