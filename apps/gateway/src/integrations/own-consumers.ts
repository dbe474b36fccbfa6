import { Injectable } from '@nestjs/common';
import { type Integration, integrationAllows, type IntegrationDoor, Refusal, type StreamName } from '@muster/contracts';
import { Clock } from '@muster/service';

/** Calls of one integration about its consumers: so many at once, and one more after each pause. */
export const OWN_CALLS = { atOnce: 20, everyMs: 2_000 } as const;

/** A consumer is NATS's, and the call comes over HTTP: both doors must be open. */
const doors: readonly IntegrationDoor[] = ['http', 'nats'];

interface Bucket {
  left: number;
  atMs: number;
}

/** What an integration may ask about consumers: its own alone, at a bounded rate that each gateway counts by itself. */
@Injectable()
export class OwnConsumers {
  readonly #buckets = new Map<string, Bucket>();

  constructor(private readonly clock: Clock) {}

  /**
   * Throws the Refusal `not-permitted` for the consumers of another integration, those of `integrationAllows`, and
   * `too-many-tries` with the time to wait.
   */
  admit(integration: Integration, integrationId: string, wanted: readonly StreamName[]): void {
    if (integration.integrationId !== integrationId)
      throw new Refusal('not-permitted', { words: 'An integration may set and see its own consumers alone.' });
    this.#take(integrationId);
    for (const door of doors) {
      const answer = integrationAllows(integration, { door, wanted });
      if (answer !== 'yes') throw new Refusal(answer);
    }
  }

  #take(integrationId: string): void {
    const nowMs = this.clock.monotonicMs();
    // Whoever could make all calls at once again needs no memory: so this is never larger than who called lately.
    for (const [id, { left, atMs }] of this.#buckets)
      if (left + (nowMs - atMs) / OWN_CALLS.everyMs >= OWN_CALLS.atOnce) this.#buckets.delete(id);
    const { left, atMs } = this.#buckets.get(integrationId) ?? { left: OWN_CALLS.atOnce, atMs: nowMs };
    const now = Math.min(OWN_CALLS.atOnce, left + (nowMs - atMs) / OWN_CALLS.everyMs);
    this.#buckets.set(integrationId, { left: now >= 1 ? now - 1 : now, atMs: nowMs });
    if (now < 1) throw new Refusal('too-many-tries', { retryAfterMs: Math.ceil((1 - now) * OWN_CALLS.everyMs) });
  }
}
