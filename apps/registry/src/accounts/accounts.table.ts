import {
  type Account,
  type AccountEvent,
  type Fact,
  factFamilies,
  type ManagedAccount,
  nameKey,
  type Permission,
  Refusal,
  streamOf,
} from '@muster/contracts';
import { Column, Entity, type EntityManager, PrimaryColumn } from 'typeorm';

/** Who has an account: the fold of the facts, for signing in, for lists, and for whoever checks a session. */
@Entity('accounts')
export class AccountRow {
  @PrimaryColumn('uuid', { name: 'account_id' }) accountId!: string;
  @Column('text') name!: string;
  @Column('text', { name: 'name_key' }) nameKey!: string;
  @Column('text', { array: true }) permissions!: Permission[];
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
  @Column('boolean', { default: false }) disabled!: boolean;
  /** The version that the last change of the account itself led to. */
  @Column('int', { default: 0 }) version!: number;
}

/** The row as pages and sessions see it. */
export const accountOf = ({ accountId, name, permissions }: AccountRow): Account => ({ accountId, name, permissions });

/** The row as those see it who manage accounts. */
export const managedAccountOf = (row: AccountRow): ManagedAccount => ({
  ...accountOf(row),
  disabled: row.disabled,
  createdAt: row.createdAt.toISOString(),
  version: row.version,
});

/** What a password is compared with. Apart from the accounts, so that no list can carry it along; in no fact. */
@Entity('credentials')
export class CredentialRow {
  @PrimaryColumn('uuid', { name: 'account_id' }) accountId!: string;
  /** PHC string of argon2id. */
  @Column('text', { name: 'password_hash' }) passwordHash!: string;
  @Column('timestamptz', { name: 'set_at' }) setAt!: Date;
}

/**
 * Fills the table in the transaction of the facts themselves, and not behind the relay as a projection: an account must
 * be there the moment it was made, for its holder is signed in by the same click.
 */
export async function fillAccounts(events: readonly AccountEvent[], tx: EntityManager): Promise<void> {
  for (const { type, data } of events) {
    const { accountId } = data;
    switch (type) {
      case 'AccountCreated': {
        const { name, permissions, at } = data;
        await tx.insert(AccountRow, { accountId, name, nameKey: nameKey(name), permissions, createdAt: new Date(at) });
        break;
      }
      case 'AccountRenamed':
        await tx.update(AccountRow, accountId, { name: data.name, nameKey: nameKey(data.name) });
        break;
      case 'AccountPermissionsChanged':
        await tx.update(AccountRow, accountId, { permissions: data.permissions });
        break;
      case 'AccountDisabled':
      case 'AccountEnabled':
        await tx.update(AccountRow, accountId, { disabled: type === 'AccountDisabled' });
        break;
      case 'AccountDeleted':
        // Its password, sessions and familiar addresses go with it.
        await tx.delete(AccountRow, accountId);
        break;
      case 'AccountPasswordSet':
      case 'AccountSignedIn':
      case 'AccountSignedOut':
      case 'AccountSignInRefused':
        break;
    }
  }
  for (const accountId of new Set(events.map(({ data }) => data.accountId)))
    await tx.query(
      'update accounts set version = (select max(version) from events where stream_id = $2) where account_id = $1',
      [accountId, streamOf(factFamilies.account, accountId)],
    );
}

/**
 * Fills the table again from one fact after the other, to the same rows: the version of a row is that of the last fact which a
 * change of the account led to, the sessions that the change ended included.
 */
export async function replayAccounts(fact: Fact<AccountEvent>, tx: EntityManager): Promise<void> {
  const { accountId } = fact.data;
  if (fact.type === 'AccountSignedIn' || fact.type === 'AccountSignInRefused') return;
  if (fact.type === 'AccountSignedOut') {
    await tx.query(
      `update accounts set version = $3 where account_id = $1 and exists (
         select 1 from events e where e.stream_id = $2 and e.version < $3 and e.version >= $3 - 100
           and e.meta->>'commandId' = $4 and e.type <> all('{AccountSignedIn,AccountSignedOut,AccountSignInRefused}'))`,
      [accountId, fact.stream, fact.version, fact.meta.commandId],
    );
    return;
  }
  await fillAccounts([fact], tx);
  await tx.update(AccountRow, accountId, { version: fact.version });
}

/** Any number will do, as long as nobody else in this database locks by it. */
const ADMINISTRATORS_LOCK = 4_127_001;

/**
 * Refuses with `last-administrator` when the events, filled in already, leave no account that can sign in and manage the
 * others. Of two who take it from each other at the same moment the second waits for the first, and is refused.
 */
export async function keepAnAdministrator(events: readonly AccountEvent[], tx: EntityManager): Promise<void> {
  if (!events.some(({ type }) => MAY_TAKE_THE_LAST.has(type))) return;
  await tx.query('select pg_advisory_xact_lock($1)', [ADMINISTRATORS_LOCK]);
  const left = await tx.query<unknown[]>(
    `select 1 from accounts where not disabled and 'accounts:manage' = any(permissions) limit 1`,
  );
  if (left.length === 0) throw new Refusal('last-administrator');
}

const MAY_TAKE_THE_LAST: ReadonlySet<AccountEvent['type']> = new Set<AccountEvent['type']>([
  'AccountPermissionsChanged',
  'AccountDisabled',
  'AccountDeleted',
]);
