import {
  type AccountEvent,
  allPermissions,
  factFamilies,
  type FactMeta,
  type ManagedAccount,
  type Permission,
  Refusal,
  streamOf,
} from '@muster/contracts';
import type { EntityManager } from 'typeorm';
import { type EventStore, type Handled, handlerFor, onDatabase, readFact, ReservationTaken } from '@muster/event-store';
import {
  type AccountCommand,
  accountDecider,
  giveOnly,
  type ManageCommand,
  type PasswordCommand,
} from './account.decider.js';
import { accountReservations, firstAccountReservations } from './account.reservations.js';
import { AccountRow, CredentialRow, fillAccounts, keepAnAdministrator, managedAccountOf } from './accounts.table.js';
import type { Passwords } from './passwords.js';
import { endSessions } from './sessions.table.js';

export interface NewAccount {
  readonly accountId: string;
  readonly name: string;
  readonly password: string;
  readonly permissions: readonly Permission[];
  readonly at: string;
}

type AccountHandler = ReturnType<typeof handlerOf>;
const handlerOf = (store: EventStore, reserve: typeof accountReservations) =>
  handlerFor(store, factFamilies.account, accountDecider, { reserve });

/** Who has an account, with which permissions and which password. */
export class Accounts {
  readonly #handle: AccountHandler;
  readonly #handleFirst: AccountHandler;

  constructor(
    private readonly store: EventStore,
    private readonly passwords: Passwords,
  ) {
    this.#handle = handlerOf(store, accountReservations);
    this.#handleFirst = handlerOf(store, firstAccountReservations);
  }

  /** Whether the first account is still to be made. */
  async firstNeeded(): Promise<boolean> {
    return !(await onDatabase(() => this.store.database.manager.existsBy(AccountRow, {})));
  }

  /** Makes the first account, with every permission. Of two at once one is refused with `first-account-exists`. */
  async createFirst(account: Omit<NewAccount, 'permissions'>, meta: FactMeta): Promise<void> {
    try {
      await this.#create({ ...account, permissions: allPermissions }, meta, this.#handleFirst);
    } catch (error) {
      // Whatever is taken, its name perhaps, was taken by the account that was first.
      throw error instanceof ReservationTaken ? new Refusal('first-account-exists') : error;
    }
  }

  /**
   * Makes an account. Refuses with `account-name-taken`, with `not-permitted` for a permission that whoever orders it does
   * not have, and with `bad-input` for the id of an account that was made with other particulars.
   */
  async create(account: NewAccount, meta: FactMeta, may: readonly Permission[]): Promise<{ version: number }> {
    giveOnly(account.permissions, may);
    const { version, facts } = await this.#create(account, meta, this.#handle).catch(nameTaken);
    if (facts.length === 0) await this.#expectPassword(account);
    return { version };
  }

  /**
   * Decides and records what somebody who manages accounts orders about one. Refuses with `account-name-taken`, and with
   * `last-administrator` when nobody would be left who can manage accounts.
   */
  async manage(command: ManageCommand, meta: FactMeta): Promise<{ version: number }> {
    const { version } = await this.#handle(command.accountId, command, meta, { within: recordAll }).catch(nameTaken);
    return { version };
  }

  /** Records another password, and ends the sessions that the command says. Refuses with `password-common`. */
  async setPassword(command: PasswordCommand, password: string, meta: FactMeta): Promise<{ version: number }> {
    const { accountId, at } = command;
    const passwordHash = await this.passwords.hash(password);
    const { version } = await this.#handle(accountId, command, meta, {
      within: async (tx, events) => {
        await recordAll(tx, events);
        await tx.upsert(CredentialRow, { accountId, passwordHash, setAt: new Date(at) }, ['accountId']);
      },
    });
    return { version };
  }

  /** The version that an order led to; undefined when it was not given yet. */
  async versionAfter(accountId: string, commandId: string): Promise<number | undefined> {
    const { facts } = await this.store.read(streamOf(factFamilies.account, accountId));
    return facts
      .map((stored) => readFact(factFamilies.account, stored))
      .filter(({ meta }) => meta.commandId === commandId)
      .at(-1)?.version;
  }

  async list(): Promise<ManagedAccount[]> {
    const rows = await onDatabase(() => this.store.database.manager.find(AccountRow, { order: { nameKey: 'ASC' } }));
    return rows.map(managedAccountOf);
  }

  async #create(
    { password, ...particulars }: NewAccount,
    meta: FactMeta,
    handle: AccountHandler,
  ): Promise<Handled<AccountEvent>> {
    const { accountId, at } = particulars;
    const passwordHash = await this.passwords.hash(password);
    const command: AccountCommand = { type: 'create', ...particulars };
    return handle(accountId, command, meta, {
      within: async (tx, events) => {
        await fillAccounts(events, tx);
        await tx.insert(CredentialRow, { accountId, passwordHash, setAt: new Date(at) });
      },
    });
  }

  /** A form sent twice is one account; the same id with another password is somebody's mistake, and they should hear of it. */
  async #expectPassword({ accountId, password }: NewAccount): Promise<void> {
    const row = await onDatabase(() => this.store.database.manager.findOneBy(CredentialRow, { accountId }));
    if (row === null || (await this.passwords.fits(password, row.passwordHash))) return;
    throw new Refusal('bad-input', { field: 'accountId', words: 'Another account has this id' });
  }
}

const recordAll = async (tx: EntityManager, events: readonly AccountEvent[]): Promise<void> => {
  await endSessions(events, tx);
  await fillAccounts(events, tx);
  await keepAnAdministrator(events, tx);
};

const nameTaken = (error: unknown): never => {
  throw error instanceof ReservationTaken ? new Refusal('account-name-taken', { field: 'name' }) : error;
};
