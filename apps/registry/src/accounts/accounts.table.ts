import { type Account, type AccountEvent, nameKey, type Permission } from '@muster/contracts';
import { Column, Entity, type EntityManager, PrimaryColumn } from 'typeorm';

/** Who has an account: the fold of the facts, for signing in, for lists, and for whoever checks a session. */
@Entity('accounts')
export class AccountRow {
  @PrimaryColumn('uuid', { name: 'account_id' }) accountId!: string;
  @Column('text') name!: string;
  @Column('text', { name: 'name_key' }) nameKey!: string;
  @Column('text', { array: true }) permissions!: Permission[];
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
}

/** The row as pages and sessions see it. */
export const accountOf = ({ accountId, name, permissions }: AccountRow): Account => ({ accountId, name, permissions });

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
    switch (type) {
      case 'AccountCreated': {
        const { accountId, name, permissions, at } = data;
        await tx.insert(AccountRow, { accountId, name, nameKey: nameKey(name), permissions, createdAt: new Date(at) });
        break;
      }
      case 'AccountPasswordSet':
      case 'AccountSignedIn':
      case 'AccountSignedOut':
      case 'AccountSignInRefused':
        break;
    }
  }
}
