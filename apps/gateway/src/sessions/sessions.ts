import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type AccountEvent, CheckSession, type Fact, factFamilies, Outage } from '@muster/contracts';
import { Bus, type Stoppable } from '@muster/bus';
import { Clock, Ids } from '@muster/service';
import { gatewayCaller } from '../doors/callers.js';
import { type Session, SessionCache } from './session-cache.js';
import { hashOf } from './session-cookie.js';

/** An answer from before a change is asked for again, this often at most. */
const MOST_QUESTIONS = 5;

/**
 * Who is signed in. The registry knows; its answers are believed for a minute, or until a fact about the account says
 * otherwise, which takes effect at once and closes what stands open under the session.
 */
@Injectable()
export class Sessions implements OnModuleInit, OnApplicationShutdown {
  readonly #cache = new SessionCache();
  /** One question at a time about the same token, however many wait for the answer. */
  readonly #asked = new Map<string, Promise<Session | undefined>>();
  /** For each question under way, the accounts that facts came about meanwhile: its answer may be from before them. */
  readonly #changed = new Set<Set<string>>();
  readonly #ends = new Set<(sessionId: string) => void>();
  readonly #changes = new Set<(accountId: string) => void>();
  #following: Stoppable | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  async onModuleInit(): Promise<void> {
    this.#following = await this.bus.followFacts([factFamilies.account], (fact) => {
      this.#learn(fact);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#following?.stop();
  }

  /** How many sessions are remembered. */
  get remembered(): number {
    return this.#cache.size;
  }

  /** The session that a token opens; undefined when there is none (any more). Throws an Outage when nobody can tell. */
  of(token: string): Promise<Session | undefined> {
    return this.byHash(hashOf(token));
  }

  /** The same by the token's hash, which is what stays in memory. */
  async byHash(tokenHash: string): Promise<Session | undefined> {
    const session = this.#cache.get(tokenHash, this.clock.monotonicMs()) ?? (await this.#ask(tokenHash));
    return session !== undefined && session.expiresAt > this.clock.now() ? session : undefined;
  }

  /** This session is over: said by whoever ended it here, before the fact about it comes round. */
  end(session: Session): void {
    this.#end(session.sessionId);
  }

  /** Calls when a session has ended, with its id. */
  onEnd(handler: (sessionId: string) => void): void {
    this.#ends.add(handler);
  }

  /** Calls when something about an account changed, with its id: its sessions may be over, or may do something else. */
  onChange(handler: (accountId: string) => void): void {
    this.#changes.add(handler);
  }

  async #ask(tokenHash: string): Promise<Session | undefined> {
    const asked = this.#asked.get(tokenHash) ?? this.#question(tokenHash);
    this.#asked.set(tokenHash, asked);
    try {
      return await asked;
    } finally {
      if (this.#asked.get(tokenHash) === asked) this.#asked.delete(tokenHash);
    }
  }

  async #question(tokenHash: string): Promise<Session | undefined> {
    for (let tries = 1; ; tries += 1) {
      const changed = new Set<string>();
      this.#changed.add(changed);
      const { session } = await this.bus
        .ask(CheckSession, { tokenHash }, gatewayCaller(this.ids.uuid(), this.ids.uuid()))
        .finally(() => this.#changed.delete(changed));
      if (session === null) return undefined;
      if (changed.has(session.account.accountId)) {
        if (tries === MOST_QUESTIONS) throw new Outage('registry', 'The account changes faster than it can be read');
        continue;
      }
      const found = { tokenHash, ...session };
      return this.#cache.put(found, this.clock.monotonicMs()) ? found : undefined;
    }
  }

  #learn(fact: Fact<AccountEvent>): void {
    switch (fact.type) {
      case 'AccountSignedOut':
        this.#end(fact.data.sessionId);
        return;
      case 'AccountPasswordSet':
      case 'AccountRenamed':
      case 'AccountPermissionsChanged':
      case 'AccountDisabled':
      case 'AccountEnabled':
      case 'AccountDeleted':
        this.#change(fact.data.accountId);
        return;
      case 'AccountCreated':
      case 'AccountSignedIn':
      case 'AccountSignInRefused':
        return;
    }
  }

  #change(accountId: string): void {
    this.#cache.forgetAccount(accountId);
    for (const changed of this.#changed) changed.add(accountId);
    for (const tell of this.#changes) tell(accountId);
  }

  #end(sessionId: string): void {
    this.#cache.end(sessionId);
    for (const ended of this.#ends) ended(sessionId);
  }
}
