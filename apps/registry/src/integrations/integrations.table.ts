import {
  factFamilies,
  type FactMeta,
  actorWords,
  type IntegrationDoor,
  type IntegrationEvent,
  type ListedIntegration,
  natsUserOf,
  Refusal,
  type StreamName,
  streamOf,
} from '@muster/contracts';
import { Column, Entity, type EntityManager, IsNull, PrimaryColumn } from 'typeorm';

/** The most integrations there may be that are not revoked: nats-server and every gateway hold them all. */
export const MAX_INTEGRATIONS = 100;
/** How long a revoked integration stays in the list. What was done with it stays in the history for ever. */
const REVOKED_FOR = '30 days';

/** Which integrations there are: the fold of the facts, for lists and for nats-server. When one was seen last is no fact. */
@Entity('integrations')
export class IntegrationRow {
  @PrimaryColumn('uuid', { name: 'integration_id' }) integrationId!: string;
  @Column('text') name!: string;
  @Column('text', { array: true }) streams!: StreamName[];
  @Column('jsonb', { name: 'streams_since' }) streamsSince!: Partial<Record<StreamName, string>>;
  @Column('text', { array: true }) doors!: IntegrationDoor[];
  @Column('text') prefix!: string;
  @Column('text', { name: 'nats_hash' }) natsHash!: string;
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'secret_since' }) secretSince!: Date;
  @Column('jsonb', { nullable: true }) suspended!: ListedIntegration['suspended'] | null;
  @Column('timestamptz', { name: 'revoked_at', nullable: true }) revokedAt!: Date | null;
  @Column('timestamptz', { name: 'last_seen_at', nullable: true }) lastSeenAt!: Date | null;
  @Column('int') version!: number;
}

/** Any number will do, as long as nobody else in this database locks by it. */
const INTEGRATIONS_LOCK = 4_127_003;

/**
 * Fills the table in the transaction of the facts themselves: whoever made an integration sees it in the list at once. Refuses with
 * `too-many-integrations` beyond MAX_INTEGRATIONS.
 */
export async function fillIntegrations(
  events: readonly IntegrationEvent[],
  { actor }: FactMeta,
  tx: EntityManager,
): Promise<void> {
  for (const { type, data } of events) {
    const { integrationId } = data;
    const at = new Date(data.at);
    switch (type) {
      case 'IntegrationCreated': {
        const { name, streams, doors, prefix, natsHash } = data;
        await keepRoom(tx);
        const since = { createdAt: at, secretSince: at };
        const streamsSince = sinceOf(streams, {}, data.at);
        await tx.insert(IntegrationRow, {
          ...{ integrationId, name, streams, streamsSince, doors, prefix, natsHash, ...since, version: 1 },
        });
        break;
      }
      case 'IntegrationChanged': {
        const { name, streams, doors } = data;
        const before = streams && (await tx.findOneByOrFail(IntegrationRow, { integrationId }));
        await tx.update(IntegrationRow, integrationId, {
          ...(name && { name: name.to }),
          ...(streams &&
            before && { streams: streams.to, streamsSince: sinceOf(streams.to, before.streamsSince, data.at) }),
          ...(doors && { doors: doors.to }),
        });
        break;
      }
      case 'IntegrationSecretReplaced': {
        const { prefix, natsHash } = data;
        await tx.update(IntegrationRow, integrationId, { prefix, natsHash, secretSince: at });
        break;
      }
      case 'IntegrationSuspended': {
        const { because, reason } = data;
        const suspended = { because, ...(reason !== undefined && { reason }), at: data.at, by: actorWords(actor) };
        await tx.update(IntegrationRow, integrationId, { suspended });
        break;
      }
      case 'IntegrationResumed':
        await tx.update(IntegrationRow, integrationId, { suspended: null });
        break;
      case 'IntegrationRevoked':
        await tx.update(IntegrationRow, integrationId, { revokedAt: at });
        break;
    }
    await tx.query(
      'update integrations set version = (select max(version) from events where stream_id = $2) where integration_id = $1',
      [integrationId, streamOf(factFamilies.integration, integrationId)],
    );
  }
}

/** Since when each stream may be read: one that was before since then, another since now. */
const sinceOf = (
  streams: readonly StreamName[],
  before: IntegrationRow['streamsSince'],
  at: string,
): IntegrationRow['streamsSince'] => Object.fromEntries(streams.map((stream) => [stream, before[stream] ?? at]));

async function keepRoom(tx: EntityManager): Promise<void> {
  await tx.query('select pg_advisory_xact_lock($1)', [INTEGRATIONS_LOCK]);
  const [row] = await tx.query<{ count: string }[]>(
    'select count(*) as count from integrations where revoked_at is null',
  );
  if (Number(row?.count) >= MAX_INTEGRATIONS) throw new Refusal('too-many-integrations');
}

/** Those that are not revoked. */
export const presentIntegrations = (tx: EntityManager): Promise<IntegrationRow[]> =>
  tx.find(IntegrationRow, { where: { revokedAt: IsNull() }, order: { integrationId: 'asc' } });

/** Every integration to be listed, by name, the revoked ones last. */
export async function listIntegrations(tx: Pick<EntityManager, 'query'>, now: string): Promise<ListedIntegration[]> {
  const rows = await tx.query<IntegrationRow[]>(
    `select integration_id as "integrationId", name, streams, doors, prefix, created_at as "createdAt",
            secret_since as "secretSince", suspended, revoked_at as "revokedAt", last_seen_at as "lastSeenAt", version
       from integrations
      where revoked_at is null or revoked_at > $1::timestamptz - $2::interval
      order by revoked_at is not null, lower(name), created_at, integration_id`,
    [now, REVOKED_FOR],
  );
  return rows.map(listedOf);
}

function listedOf(row: IntegrationRow): ListedIntegration {
  const { integrationId, name, streams, doors, prefix, createdAt, secretSince, suspended, revokedAt, lastSeenAt } = row;
  return {
    ...{ integrationId, name, streams, doors, prefix, natsUser: natsUserOf(integrationId), version: row.version },
    state: revokedAt !== null ? 'revoked' : suspended ? 'suspended' : 'active',
    ...(suspended && { suspended }),
    createdAt: createdAt.toISOString(),
    secretSince: secretSince.toISOString(),
    ...(revokedAt && { revokedAt: revokedAt.toISOString() }),
    ...(lastSeenAt && { lastSeenAt: lastSeenAt.toISOString() }),
  };
}

/** Notes when an integration was seen; never earlier than was noted before, and never in the future of the clock given. */
export const noteSeen = (
  integrationId: string,
  at: string,
  now: string,
  tx: Pick<EntityManager, 'query'>,
): Promise<unknown> =>
  tx.query(
    `update integrations set last_seen_at = greatest(last_seen_at, least($2::timestamptz, $3::timestamptz))
      where integration_id = $1`,
    [integrationId, at, now],
  );
