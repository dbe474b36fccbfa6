import type { RequestError } from '@muster/contracts';

/** What one try came to, before any byte of an answer reached the client. */
export type FailedTryCause = Extract<
  RequestError,
  'connect-failed' | 'node-busy' | 'node-error' | 'first-token-timeout'
>;

export interface TryAgain {
  readonly cause: FailedTryCause;
  /** The node's own status, where it answered: 502 and 503 are worth another try, 500 would only fail again. */
  readonly status: number | undefined;
  /** Tries so far, this one included. */
  readonly attempts: number;
  readonly hasOther: boolean;
  readonly bytesSent: boolean;
}

const MOST_TRIES = 2;

/**
 * Whether to ask once more. Only while the client has seen nothing of an answer; only for what another node may well do
 * better; and elsewhere, except after a connection that broke: a connection that was kept open may have been closed in the same
 * moment, so where there is no other node the same one is asked again.
 */
export function mayTryAgain({ cause, status, attempts, hasOther, bytesSent }: TryAgain): 'elsewhere' | 'here' | 'no' {
  if (bytesSent || attempts >= MOST_TRIES) return 'no';
  switch (cause) {
    case 'connect-failed':
      return hasOther ? 'elsewhere' : 'here';
    case 'node-busy':
    case 'first-token-timeout':
      return hasOther ? 'elsewhere' : 'no';
    case 'node-error':
      return hasOther && (status === 502 || status === 503) ? 'elsewhere' : 'no';
  }
}

/** The part of the last minute's requests that may be tried again, so that a broken fleet is not asked twice as much. */
const PART = 0.1;
/** So many a minute are always allowed: a single request after a quiet hour is worth a second try. */
const ALWAYS = 10;

export class RetryBudget {
  constructor(
    private readonly requests: { total(nowMs: number): number; add(amount: number, nowMs: number): void },
    private readonly retries: { total(nowMs: number): number; add(amount: number, nowMs: number): void },
  ) {}

  request(nowMs: number): void {
    this.requests.add(1, nowMs);
  }

  /** Takes one retry out of the budget. False when it is spent. */
  take(nowMs: number): boolean {
    if (this.retries.total(nowMs) >= Math.max(ALWAYS, PART * this.requests.total(nowMs))) return false;
    this.retries.add(1, nowMs);
    return true;
  }
}
