import {
  type ApiKeyEvent,
  factFamilies,
  type KeyLimits,
  type KeyPermission,
  type ListedApiKey,
  Refusal,
  streamOf,
} from '@muster/contracts';
import { Column, Entity, type EntityManager, PrimaryColumn } from 'typeorm';
import { AccountRow } from '../accounts/accounts.table.js';

/** The most keys there may be that are not revoked: every router and gateway holds them all. */
export const MAX_KEYS = 1_000;
/** How long a revoked key stays in the list. What was done with it stays in the history for ever. */
const REVOKED_FOR = '30 days';

/** Which keys there are: the fold of the facts, for lists. When a key was used last is no fact and stands here alone. */
@Entity('api_keys')
export class ApiKeyRow {
  @PrimaryColumn('uuid', { name: 'key_id' }) keyId!: string;
  @Column('uuid', { name: 'owner_id' }) ownerId!: string;
  /** As the owner was called when the key was made: for when there is no such account any more. */
  @Column('text', { name: 'owner_name' }) ownerName!: string;
  @Column('text') name!: string;
  @Column('text') prefix!: string;
  @Column('text', { array: true }) permissions!: KeyPermission[];
  @Column('text', { array: true, nullable: true }) models!: string[] | null;
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt!: Date | null;
  @Column('jsonb', { nullable: true }) limits!: KeyLimits | null;
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'revoked_at', nullable: true }) revokedAt!: Date | null;
  @Column('timestamptz', { name: 'last_used_at', nullable: true }) lastUsedAt!: Date | null;
  @Column('int') version!: number;
}

/** Any number will do, as long as nobody else in this database locks by it. */
const KEYS_LOCK = 4_127_002;

/**
 * Fills the table in the transaction of the facts themselves: whoever made a key sees it in the list at once. Refuses with
 * `account-unknown` when the owner is not there or disabled, and with `too-many-keys` beyond MAX_KEYS.
 */
export async function fillApiKeys(events: readonly ApiKeyEvent[], tx: EntityManager): Promise<void> {
  for (const { type, data } of events) {
    const { keyId } = data;
    switch (type) {
      case 'ApiKeyCreated': {
        const { ownerId, name, prefix, permissions, models = null, limits = null, at, expiresAt } = data;
        const ownerName = await lockOwner(ownerId, tx);
        await keepRoom(tx);
        await tx.insert(ApiKeyRow, {
          ...{ keyId, ownerId, ownerName, name, prefix, permissions, models, limits, version: 1 },
          expiresAt: dateOf(expiresAt ?? null),
          createdAt: new Date(at),
        });
        break;
      }
      case 'ApiKeyChanged': {
        const { name, models, expiresAt, limits } = data;
        await tx.update(ApiKeyRow, keyId, {
          ...(name && { name: name.to }),
          ...(models && { models: models.to }),
          ...(expiresAt && { expiresAt: dateOf(expiresAt.to) }),
          ...(limits && { limits: limits.to }),
        });
        break;
      }
      case 'ApiKeyRevoked':
        await tx.update(ApiKeyRow, keyId, { revokedAt: new Date(data.at) });
        break;
    }
    await tx.query(
      'update api_keys set version = (select max(version) from events where stream_id = $2) where key_id = $1',
      [keyId, streamOf(factFamilies.key, keyId)],
    );
  }
}

/** The owner's name. The account can not be deleted before this transaction has ended, and whoever deletes it finds the key. */
async function lockOwner(ownerId: string, tx: EntityManager): Promise<string> {
  const owner = await tx.findOne(AccountRow, { where: { accountId: ownerId }, lock: { mode: 'pessimistic_read' } });
  if (owner === null) throw new Refusal('account-unknown', { field: 'ownerId' });
  if (owner.disabled) throw new Refusal('account-disabled', { field: 'ownerId' });
  return owner.name;
}

async function keepRoom(tx: EntityManager): Promise<void> {
  await tx.query('select pg_advisory_xact_lock($1)', [KEYS_LOCK]);
  const [row] = await tx.query<{ count: string }[]>('select count(*) as count from api_keys where revoked_at is null');
  if (Number(row?.count) >= MAX_KEYS) throw new Refusal('too-many-keys');
}

type Listed = Omit<ApiKeyRow, 'ownerName'> & { readonly ownerName: string; readonly ownerDisabled: boolean | null };

/** Every key to be listed, by name, the revoked ones last. `now` decides which have expired. */
export async function listApiKeys(tx: Pick<EntityManager, 'query'>, now: string): Promise<ListedApiKey[]> {
  const rows = await tx.query<Listed[]>(
    `select k.key_id as "keyId", k.owner_id as "ownerId", coalesce(a.name, k.owner_name) as "ownerName",
            a.disabled as "ownerDisabled", k.name, k.prefix, k.permissions, k.models, k.expires_at as "expiresAt",
            k.limits, k.created_at as "createdAt", k.revoked_at as "revokedAt", k.last_used_at as "lastUsedAt", k.version
       from api_keys k left join accounts a on a.account_id = k.owner_id
      where k.revoked_at is null or k.revoked_at > $1::timestamptz - $2::interval
      order by k.revoked_at is not null, lower(k.name), k.created_at, k.key_id`,
    [now, REVOKED_FOR],
  );
  return rows.map((row) => listedOf(row, now));
}

function listedOf(row: Listed, now: string): ListedApiKey {
  const { keyId, ownerId, ownerName, name, prefix, permissions, models, limits, createdAt, version } = row;
  return {
    ...{ keyId, name, prefix, permissions, version },
    owner: { accountId: ownerId, name: ownerName },
    ...(models && { models }),
    ...(row.expiresAt && { expiresAt: row.expiresAt.toISOString() }),
    limits: limits ?? {},
    createdAt: createdAt.toISOString(),
    ...(row.lastUsedAt && { lastUsedAt: row.lastUsedAt.toISOString() }),
    ...(row.revokedAt && { revokedAt: row.revokedAt.toISOString() }),
    state: stateOf(row, now),
  };
}

function stateOf({ revokedAt, expiresAt, ownerDisabled }: Listed, now: string): ListedApiKey['state'] {
  if (revokedAt !== null) return 'revoked';
  // An owner who is gone: the facts that revoke the keys are on their way.
  if (ownerDisabled !== false) return 'owner-disabled';
  return expiresAt !== null && expiresAt.getTime() <= Date.parse(now) ? 'expired' : 'active';
}

/** Notes that a key was used; never earlier than was noted before, and never in the future of the clock given. */
export const noteUse = (keyId: string, at: string, now: string, tx: Pick<EntityManager, 'query'>): Promise<unknown> =>
  tx.query(
    `update api_keys set last_used_at = greatest(last_used_at, least($2::timestamptz, $3::timestamptz))
      where key_id = $1`,
    [keyId, at, now],
  );

const dateOf = (at: string | null): Date | null => (at === null ? null : new Date(at));
