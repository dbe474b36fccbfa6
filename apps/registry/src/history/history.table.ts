import {
  aggregateId,
  evolveNode,
  type Fact,
  factFamilies,
  type FactFamilyName,
  type FleetNode,
  HistoryEntry,
  type NodeEvent,
  searchedText,
} from '@muster/contracts';
import type { EntityManager } from 'typeorm';

interface Subject {
  readonly kind: HistoryEntry['subject']['kind'];
  readonly id: string;
  readonly name: string;
  /** A node as its facts have made it; null before it is registered and after it is removed. */
  readonly node: FleetNode | null;
}

const kinds: Record<FactFamilyName, Subject['kind']> = {
  node: 'node',
  health: 'node',
  account: 'account',
  key: 'key',
  integration: 'integration',
  webhook: 'webhook',
  settings: 'gateway',
};

/**
 * Takes one fact into the timeline, in the caller's transaction: the entry, what the fact makes of its node, and how far
 * its family has come. Each fact once by its id: undefined when it was there already, and then nothing changes.
 */
export async function takeIn(
  family: FactFamilyName,
  fact: Fact & { data: object },
  tx: EntityManager,
): Promise<HistoryEntry | undefined> {
  // One writer at a time, so that a node's name and its health never get in each other's way; a rebuild is no other's business.
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('history ' || current_schema(), 0))`);
  const [known] = await tx.query<unknown[]>('select 1 from history where id = $1', [fact.id]);
  if (known !== undefined) return undefined;
  const subject = subjectAfter(family, fact, await readSubject(family, fact, tx));
  const { id, stream, version, position, at, type, data, meta } = fact;
  const entry = HistoryEntry.parse({
    ...{ id, family, stream, version, position, at: new Date(at).toISOString(), type, data, meta },
    subject: { kind: subject.kind, id: subject.id, name: subject.name },
  });
  await writeSubject(subject, tx);
  await writeEntry(entry, family === 'node' ? subject.node : null, tx);
  return entry;
}

async function readSubject(family: FactFamilyName, { stream }: Fact, tx: EntityManager): Promise<Subject | undefined> {
  const [row] = await tx.query<Subject[]>(
    'select kind, id, name, node from history_subjects where kind = $1 and id = $2',
    [kinds[family], aggregateId(stream)],
  );
  return row;
}

/** Whom a fact is about, by the name they have with it. */
function subjectAfter(family: FactFamilyName, fact: Fact & { data: object }, before: Subject | undefined): Subject {
  const { meta, stream, type, data } = fact;
  const kind = kinds[family];
  const id = aggregateId(stream);
  const unknown: Subject = { kind, id, name: kind === 'gateway' ? 'Gateway' : id.slice(0, 8), node: null };
  const now = before ?? unknown;
  switch (family) {
    case 'node': {
      const event = factFamilies.node.schema.parse({ type, data });
      const node = evolveNode(now.node ?? undefined, { ...fact, ...event } as Fact<NodeEvent>) ?? null;
      return { ...now, name: node?.name ?? (event.type === 'NodeRemoved' ? event.data.name : now.name), node };
    }
    case 'account': {
      if ('name' in data && typeof data.name === 'string') return { ...now, name: data.name };
      // An account that acts on itself says its name with it.
      return before === undefined && meta.actor.kind === 'account' && meta.actor.id === id
        ? { ...now, name: meta.actor.name }
        : now;
    }
    case 'key': {
      const event = factFamilies.key.schema.parse({ type, data });
      if (event.type === 'ApiKeyCreated') return { ...now, name: event.data.name };
      return event.type === 'ApiKeyChanged' && event.data.name ? { ...now, name: event.data.name.to } : now;
    }
    case 'integration': {
      const event = factFamilies.integration.schema.parse({ type, data });
      if (event.type === 'IntegrationCreated') return { ...now, name: event.data.name };
      return event.type === 'IntegrationChanged' && event.data.name ? { ...now, name: event.data.name.to } : now;
    }
    case 'webhook': {
      const event = factFamilies.webhook.schema.parse({ type, data });
      if (event.type === 'WebhookCreated') return { ...now, name: event.data.name };
      return event.type === 'WebhookChanged' && event.data.name ? { ...now, name: event.data.name.to } : now;
    }
    case 'health':
    case 'settings':
      return now;
  }
}

const writeSubject = ({ kind, id, name, node }: Subject, tx: EntityManager): Promise<unknown> =>
  tx.query(
    `insert into history_subjects (kind, id, name, node) values ($1, $2, $3, $4)
     on conflict (kind, id) do update set name = excluded.name, node = excluded.node`,
    [kind, id, name, node === null ? null : JSON.stringify(node)],
  );

async function writeEntry(entry: HistoryEntry, nodeAfter: FleetNode | null, tx: EntityManager): Promise<void> {
  const { id, family, stream, version, position, at, type, data, meta, subject } = entry;
  const { actor } = meta;
  await tx.query(
    `insert into history (id, family, stream, version, position, at, type, data, meta, subject, node_id, account_id,
                          actor_kind, actor_id, actor_key, searched, node_after)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
    [
      ...[id, family, stream, version, position, at, type],
      ...[data, meta, subject].map((json) => JSON.stringify(json)),
      subject.kind === 'node' ? subject.id : null,
      accountOf(entry),
      ...[actor.kind, actor.id, actor.name.toLowerCase(), searchedText(entry)],
      nodeAfter === null ? null : JSON.stringify(nodeAfter),
    ],
  );
}

/** The account that an entry is about, itself or by one of its keys. */
const accountOf = ({ family, subject, data }: HistoryEntry): string | null =>
  subject.kind === 'account' ? subject.id : family === 'key' ? String(data['ownerId']) : null;
