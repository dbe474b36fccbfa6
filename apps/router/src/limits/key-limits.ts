import type { KeyLimits } from '@muster/contracts';
import { Minute } from './minute.js';

export type Limit = 'concurrent' | 'requests' | 'tokens';

/** What one kind of limit leaves, for the headers that clients know. */
export interface LimitState {
  readonly limit: number;
  readonly remaining: number;
  /** Until there is room for one more, or, with room left, until it is all there again. */
  readonly resetMs: number;
}

export interface LimitStates {
  readonly requests?: LimitState;
  readonly tokens?: LimitState;
}

export type Admission =
  | { readonly outcome: 'admitted'; readonly states: LimitStates }
  | { readonly outcome: 'refused'; readonly by: Limit; readonly retryAfterMs: number; readonly states: LimitStates };

/** When a place among the concurrent requests is free again nobody knows: try so much later. */
const CONCURRENT_RETRY_MS = 1_000;

/**
 * What one key has used of its limits. Tokens are counted when a request has ended, so that the requests in flight may go over
 * the limit together, and the next ones wait for it. What is refused counts for nothing.
 */
export class KeyUse {
  readonly #requests = new Minute();
  readonly #tokens = new Minute();
  #inFlight = 0;

  /** Counts a request in when the limits allow it; then `ended` is to follow. */
  admit(limits: KeyLimits, nowMs: number): Admission {
    const { concurrent, requestsPerMinute, tokensPerMinute } = limits;
    const refused = (by: Limit, retryAfterMs: number): Admission => ({
      outcome: 'refused',
      by,
      retryAfterMs,
      states: this.states(limits, nowMs),
    });
    if (concurrent !== undefined && this.#inFlight >= concurrent) return refused('concurrent', CONCURRENT_RETRY_MS);
    if (requestsPerMinute !== undefined && this.#requests.total(nowMs) >= requestsPerMinute)
      return refused('requests', this.#requests.untilMs(requestsPerMinute - 1, nowMs));
    if (tokensPerMinute !== undefined && this.#tokens.total(nowMs) >= tokensPerMinute)
      return refused('tokens', this.#tokens.untilMs(tokensPerMinute - 1, nowMs));
    this.#inFlight += 1;
    if (requestsPerMinute !== undefined) this.#requests.add(1, nowMs);
    return { outcome: 'admitted', states: this.states(limits, nowMs) };
  }

  ended(tokens: number, nowMs: number): void {
    this.#inFlight -= 1;
    if (tokens > 0) this.#tokens.add(tokens, nowMs);
  }

  /** Whether forgetting it would lose nothing. */
  idle(nowMs: number): boolean {
    return this.#inFlight === 0 && this.#requests.total(nowMs) === 0 && this.#tokens.total(nowMs) === 0;
  }

  states({ requestsPerMinute, tokensPerMinute }: KeyLimits, nowMs: number): LimitStates {
    return {
      ...(requestsPerMinute !== undefined && { requests: stateOf(this.#requests, requestsPerMinute, nowMs) }),
      ...(tokensPerMinute !== undefined && { tokens: stateOf(this.#tokens, tokensPerMinute, nowMs) }),
    };
  }
}

function stateOf(minute: Minute, limit: number, nowMs: number): LimitState {
  const remaining = Math.max(0, limit - minute.total(nowMs));
  return { limit, remaining, resetMs: minute.untilMs(remaining === 0 ? limit - 1 : 0, nowMs) };
}

const SWEEP_ABOVE = 1_000;

/** The use of every key that has limits. Keys that have used nothing for a minute are forgotten. */
export class KeyLimiter {
  readonly #uses = new Map<string, KeyUse>();
  #sweepAbove = SWEEP_ABOVE;

  use(keyId: string, nowMs: number): KeyUse {
    const there = this.#uses.get(keyId);
    if (there !== undefined) return there;
    if (this.#uses.size >= this.#sweepAbove) {
      for (const [id, use] of this.#uses) if (use.idle(nowMs)) this.#uses.delete(id);
      this.#sweepAbove = Math.max(SWEEP_ABOVE, 2 * this.#uses.size);
    }
    const use = new KeyUse();
    this.#uses.set(keyId, use);
    return use;
  }
}

/** The usual headers: `x-ratelimit-limit-requests`, `-remaining-requests`, `-reset-requests`, and the same for tokens. */
export function limitHeaders(states: LimitStates): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [kind, state] of Object.entries(states) as [string, LimitState][]) {
    headers[`x-ratelimit-limit-${kind}`] = String(state.limit);
    headers[`x-ratelimit-remaining-${kind}`] = String(state.remaining);
    headers[`x-ratelimit-reset-${kind}`] = `${(state.resetMs / 1000).toFixed(3).replace(/\.?0+$/, '')}s`;
  }
  return headers;
}
