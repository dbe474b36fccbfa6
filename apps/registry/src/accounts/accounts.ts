import {
  type Account,
  type AccountEvent,
  allPermissions,
  factFamilies,
  type FactMeta,
  type Permission,
  Refusal,
} from '@muster/contracts';
import { type EventStore, type Handled, handlerFor, onDatabase, ReservationTaken } from '@muster/event-store';
import { type AccountCommand, accountDecider } from './account.decider.js';
import { accountReservations, firstAccountReservations } from './account.reservations.js';
import { accountOf, AccountRow, CredentialRow, fillAccounts } from './accounts.table.js';
import type { Passwords } from './passwords.js';

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
    const beyond = account.permissions.filter((permission) => !may.includes(permission));
    if (beyond.length > 0)
      throw new Refusal('not-permitted', {
        field: 'permissions',
        words: `You can give only permissions that you have: not ${beyond.join(', ')}.`,
      });
    const { version, facts } = await this.#create(account, meta, this.#handle).catch((error: unknown) => {
      throw error instanceof ReservationTaken ? new Refusal('account-name-taken', { field: 'name' }) : error;
    });
    if (facts.length === 0) await this.#expectPassword(account);
    return { version };
  }

  async list(): Promise<Account[]> {
    const rows = await onDatabase(() => this.store.database.manager.find(AccountRow, { order: { nameKey: 'ASC' } }));
    return rows.map(accountOf);
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
