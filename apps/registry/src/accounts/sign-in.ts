import { factFamilies, nameKey, Refusal } from '@muster/contracts';
import { type EventStore, handlerFor, onDatabase } from '@muster/event-store';
import type { Clock, Ids } from '@muster/service';
import { MoreThan } from 'typeorm';
import { GATEWAY } from '../gateway.js';
import { accountDecider } from './account.decider.js';
import { accountOf, AccountRow, CredentialRow } from './accounts.table.js';
import { FAMILIAR_FOR_MS, FamiliarAddressRow } from './familiar-addresses.table.js';
import { forAccount, fromAddress } from './lanes.js';
import type { Passwords } from './passwords.js';
import type { OpenedSession, Sessions, Visit } from './sessions.js';
import { delayMsAfter } from './throttle.js';
import type { Throttle } from './throttle.table.js';

export interface SignInOptions {
  readonly store: EventStore;
  readonly passwords: Passwords;
  readonly throttle: Throttle;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Told when a row of refused tries could not be written down. */
  readonly onLost: (error: unknown) => void;
}

interface Candidate {
  readonly row: AccountRow;
  readonly passwordHash: string;
  readonly familiar: boolean;
}

/** Names and passwords, slowed down for whoever guesses. */
export class SignIns {
  readonly #handle;
  readonly #writing = new Set<Promise<void>>();

  constructor(private readonly parts: SignInOptions) {
    this.#handle = handlerFor(parts.store, factFamilies.account, accountDecider);
  }

  /**
   * Opens a session for whoever knows name and password. Refuses with `sign-in-failed`, after the same work whether or not
   * the name exists, with `account-disabled` whoever knows the password, and with `too-many-tries` while a delay runs, without looking at the password.
   */
  async signIn(name: string, password: string, visit: Visit): Promise<OpenedSession> {
    const { throttle, passwords, sessions, clock } = this.parts;
    const nowMs = Date.parse(clock.now());
    const key = nameKey(name);
    const candidate = await this.#find(key, visit.address, nowMs);
    const account = forAccount(key, candidate?.familiar ? visit.address : undefined);
    const address = fromAddress(visit.address);
    const counted = await throttle.count([address, account], nowMs);
    const right = await passwords.fits(password, candidate?.passwordHash).catch(async (error: unknown) => {
      // Nothing was learnt from a try that never was looked at.
      await throttle.forgive(counted);
      throw error;
    });
    if (candidate === undefined || !right) {
      const tries = counted.lanes.find(({ lane }) => lane.name === account.name)?.after.failures ?? 0;
      if (candidate && delayMsAfter(tries, account.capMs) > 0) this.#noteRefusal(candidate.row.accountId, tries, visit);
      throw new Refusal('sign-in-failed');
    }
    // Only whoever knows the password learns that.
    if (candidate.row.disabled) {
      await throttle.forgive(counted);
      throw new Refusal('account-disabled');
    }
    const opened = await sessions.open(accountOf(candidate.row), visit);
    await throttle.forgive(counted);
    await throttle.forget(account);
    return opened;
  }

  /** Resolves when every refusal is written down that is on its way. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing);
  }

  #find(key: string, address: string, nowMs: number): Promise<Candidate | undefined> {
    const { manager } = this.parts.store.database;
    return onDatabase(async () => {
      const row = await manager.findOneBy(AccountRow, { nameKey: key });
      // The same three reads whether or not there is such an account, so that the time tells nothing.
      const accountId = row?.accountId ?? NOBODY;
      const credential = await manager.findOneBy(CredentialRow, { accountId });
      const since = MoreThan(new Date(nowMs - FAMILIAR_FOR_MS));
      const familiar = await manager.existsBy(FamiliarAddressRow, { accountId, address, lastAt: since });
      return row && credential ? { row, passwordHash: credential.passwordHash, familiar } : undefined;
    });
  }

  /** Written after the answer, so that the answer takes no longer for a name that exists. */
  #noteRefusal(accountId: string, tries: number, { correlationId }: Visit): void {
    const { clock, ids, onLost } = this.parts;
    const meta = { actor: GATEWAY, commandId: ids.uuid(), correlationId };
    const command = { type: 'refuse-sign-in', accountId, tries, at: clock.now() } as const;
    const writing = this.#handle(accountId, command, meta)
      .then(() => undefined, onLost)
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }
}

/** The nil UUID (RFC 9562 5.9): no account has it. */
const NOBODY = '00000000-0000-0000-0000-000000000000';
