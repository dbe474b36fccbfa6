import type { Account } from '@muster/contracts';

/** Somebody signed in. `tokenHash` is how the registry knows the session; `sessionId` is how facts name it. */
export interface Session {
  readonly tokenHash: string;
  readonly sessionId: string;
  readonly account: Account;
  readonly expiresAt: string;
}

/** How long an answer of the registry is believed without asking again. */
export const SESSION_TTL_MS = 60_000;

/** How many sessions are remembered; beyond that the one longest unasked is forgotten, and asked for anew when it comes. */
const MOST_SESSIONS = 10_000;

/** Ended sessions are remembered longer than any answer that was under way when they ended. */
const MOST_ENDED = 10_000;

/**
 * What the registry said about sessions, for at most a minute. Ended sessions are remembered too, so that an answer that
 * was under way while its session ended does not bring it back. Times are milliseconds of a monotonic clock.
 */
export class SessionCache {
  readonly #known = new Map<string, { session: Session; until: number }>();
  readonly #ended = new Set<string>();

  get size(): number {
    return this.#known.size;
  }

  /** The session by its token's hash, when it was answered within the last minute. */
  get(tokenHash: string, nowMs: number): Session | undefined {
    const entry = this.#known.get(tokenHash);
    if (entry === undefined) return undefined;
    this.#known.delete(tokenHash);
    if (nowMs >= entry.until) return undefined;
    this.#known.set(tokenHash, entry);
    return entry.session;
  }

  /** Remembers an answer. False when the session has ended since it was asked for. */
  put(session: Session, nowMs: number): boolean {
    if (this.#ended.has(session.sessionId)) return false;
    this.#known.delete(session.tokenHash);
    this.#known.set(session.tokenHash, { session, until: nowMs + SESSION_TTL_MS });
    if (this.#known.size > MOST_SESSIONS) dropOldest(this.#known);
    return true;
  }

  /** The session is over, for good. */
  end(sessionId: string): void {
    this.#ended.delete(sessionId);
    this.#ended.add(sessionId);
    if (this.#ended.size > MOST_ENDED) dropOldest(this.#ended);
    this.#forget((session) => session.sessionId === sessionId);
  }

  /** Something about the account changed: its sessions are asked for anew. */
  forgetAccount(accountId: string): void {
    this.#forget((session) => session.account.accountId === accountId);
  }

  #forget(which: (session: Session) => boolean): void {
    for (const [tokenHash, { session }] of this.#known) if (which(session)) this.#known.delete(tokenHash);
  }
}

const dropOldest = (entries: Map<string, unknown> | Set<string>): void => {
  const [oldest] = entries.keys();
  if (oldest !== undefined) entries.delete(oldest);
};
