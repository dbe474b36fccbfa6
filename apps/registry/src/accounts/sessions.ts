import { type Account, type Actor, factFamilies, type FactMeta, type SessionEntry } from '@muster/contracts';
import { type EventStore, handlerFor, onDatabase } from '@muster/event-store';
import type { Clock, Ids } from '@muster/service';
import { LessThan } from 'typeorm';
import { accountDecider, type WhichSessions } from './account.decider.js';
import { accountOf, AccountRow } from './accounts.table.js';
import { becomeFamiliar } from './familiar-addresses.table.js';
import { endsAtMs, hashOfToken, newToken, SEEN_NOTED_EVERY_MS } from './session.js';
import { endSessions, SessionRow } from './sessions.table.js';

/** Who signs in from where. */
export interface Visit {
  /** What tries from there are counted by. */
  readonly address: string;
  /** What the browser says it is. */
  readonly device: string;
  readonly correlationId: string;
}

export interface OpenedSession {
  readonly token: string;
  readonly sessionId: string;
  readonly account: Account;
}

/** Opens sessions for accounts that have proved who they are, says whose a session is, and ends them. */
export class Sessions {
  readonly #handle;

  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {
    this.#handle = handlerFor(store, factFamilies.account, accountDecider);
  }

  /**
   * Opens a session. The token is handed out here and never again, so a retry opens another one and does not get the first;
   * the bound on the sessions of an account takes care of what nobody uses.
   */
  async open(account: Account, { address, device, correlationId }: Visit): Promise<OpenedSession> {
    const { accountId } = account;
    const at = this.clock.now();
    const sessionId = this.ids.uuid();
    const token = newToken();
    const meta = { actor: actorOf(account), commandId: this.ids.uuid(), correlationId };
    await this.#handle(accountId, { type: 'sign-in', accountId, sessionId, device, at }, meta, {
      within: async (tx, decided) => {
        const openedAt = new Date(at);
        await endSessions(decided, tx);
        await tx.insert(SessionRow, {
          tokenHash: hashOfToken(token),
          sessionId,
          accountId,
          openedAt,
          seenAt: openedAt,
          device,
          remoteAddress: address,
        });
        await becomeFamiliar(accountId, address, openedAt, tx);
      },
    });
    return { token, sessionId, account };
  }

  /** Whose session this is; undefined when it never was, was ended, or is too old. One read, and now and then a write. */
  async check(tokenHash: string): Promise<{ sessionId: string; account: Account; expiresAt: string } | undefined> {
    const now = new Date(this.clock.now());
    const { manager } = this.store.database;
    return onDatabase(async () => {
      const session = await manager.findOneBy(SessionRow, { tokenHash });
      if (session === null || endsAtMs(session) <= now.getTime()) return undefined;
      const account = await manager.findOneBy(AccountRow, { accountId: session.accountId });
      if (account === null || account.disabled) return undefined;
      const noted = new Date(now.getTime() - SEEN_NOTED_EVERY_MS);
      if (session.seenAt < noted)
        await manager.update(SessionRow, { tokenHash, seenAt: LessThan(noted) }, { seenAt: now });
      const seenAt = session.seenAt < noted ? now : session.seenAt;
      const expiresAt = new Date(endsAtMs({ ...session, seenAt })).toISOString();
      return { sessionId: session.sessionId, account: accountOf(account), expiresAt };
    });
  }

  /** Ends a session. One that is not there has ended already. */
  async end(
    tokenHash: string,
    { commandId, correlationId }: { commandId: string; correlationId: string },
  ): Promise<void> {
    const found = await onDatabase(async () => {
      const session = await this.store.database.manager.findOneBy(SessionRow, { tokenHash });
      const account =
        session && (await this.store.database.manager.findOneBy(AccountRow, { accountId: session.accountId }));
      return session && account ? { session, account } : undefined;
    });
    if (found === undefined) return;
    const { accountId, sessionId } = found.session;
    await this.endSome(accountId, { only: sessionId }, { actor: actorOf(found.account), commandId, correlationId });
  }

  /** The open sessions of an account, the one used last first. */
  async list(accountId: string): Promise<SessionEntry[]> {
    const nowMs = Date.parse(this.clock.now());
    const rows = await onDatabase(() =>
      this.store.database.manager.find(SessionRow, {
        where: { accountId },
        order: { seenAt: 'DESC', sessionId: 'ASC' },
      }),
    );
    return rows
      .filter((row) => endsAtMs(row) > nowMs)
      .map(({ sessionId, device, remoteAddress, openedAt, seenAt }) => ({
        sessionId,
        device,
        remoteAddress,
        openedAt: openedAt.toISOString(),
        lastUsedAt: seenAt.toISOString(),
      }));
  }

  /** Ends sessions of an account, and says how many there were to end. */
  async endSome(accountId: string, which: WhichSessions, meta: FactMeta): Promise<{ ended: number }> {
    const command = { type: 'end-sessions', accountId, which, at: this.clock.now() } as const;
    const { facts } = await this.#handle(accountId, command, meta, {
      within: (tx, decided) => endSessions(decided, tx),
    });
    return { ended: facts.length };
  }
}

export const actorOf = ({ accountId, name }: { accountId: string; name: string }): Actor => ({
  kind: 'account',
  id: accountId,
  name,
});
