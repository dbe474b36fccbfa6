import {
  type HttpReader,
  type IntegrationConnection,
  type IntegrationDoor,
  type IntegrationReading,
  type IntegrationState,
  type ListedIntegration,
  outsiderInbox,
  type StreamName,
  suspensionCauses,
} from '@muster/contracts';
import { count, memory, span } from '../ui/format.js';

export const stateTitles: Record<IntegrationState, string> = {
  active: 'Active',
  suspended: 'Suspended',
  revoked: 'Revoked',
};

/** What the facts of each stream are about. */
export const streamWords: Record<StreamName, string> = {
  FLEET: 'What was decided about nodes',
  ACCESS: 'What was decided about accounts, keys, integrations, webhooks and settings',
  HEALTH: 'What was observed about nodes',
  REQUESTS: 'What became of requests',
};

const doorTitles: Record<IntegrationDoor, string> = { nats: 'NATS', http: 'HTTP' };

/** What it reads and by which doors, as in "Reads FLEET, HEALTH by HTTP and NATS". */
export const readsWords = ({ streams, doors }: Pick<ListedIntegration, 'streams' | 'doors'>): string =>
  `Reads ${streams.join(', ')} by ${doors.map((door) => doorTitles[door]).join(' and ')}`;

/** Why it is let in nowhere, as in "Suspended by hand: too chatty (Ada, 3 min ago)". */
export function suspendedWords({ suspended }: Pick<ListedIntegration, 'suspended'>, nowMs: number): string | undefined {
  if (suspended === undefined) return undefined;
  const { because, reason, by, at } = suspended;
  const why = [suspensionCauses[because], reason].filter(Boolean).join(': ');
  return `${why} (${by}, ${span(Math.max(0, nowMs - Date.parse(at)))} ago)`;
}

/** What NATS holds for a connection that does not take it; undefined when nothing. */
export const heldWords = ({ pendingBytes }: Pick<IntegrationConnection, 'pendingBytes'>): string | undefined =>
  pendingBytes > 0 ? `does not take ${memory(pendingBytes)}` : undefined;

/** How far behind it is, as in "Up to date" and "12 facts behind, 3 of them given and not acknowledged". */
export function behindWords({
  waiting,
  unacknowledged,
}: Pick<IntegrationReading, 'waiting' | 'unacknowledged'>): string {
  const behind = waiting + unacknowledged;
  if (behind === 0) return 'Up to date';
  const given = unacknowledged > 0 ? `, ${unacknowledged} of them given and not acknowledged` : '';
  return `${count(behind, 'fact')} behind${given}`;
}

/** How far somebody is over HTTP, as in "reads FLEET, HEALTH up to F17.H3", and how far behind, where that is known. */
export const httpWords = ({ streams, position, waiting }: Pick<HttpReader, 'streams' | 'position' | 'waiting'>) => ({
  reads: `reads ${streams.join(', ')} up to`,
  position,
  behind: waiting === undefined ? '' : `· ${behindWords({ waiting, unacknowledged: 0 })}`,
  isBehind: (waiting ?? 0) > 0,
});

/** A program for Node that reads the facts of a stream with the consumer that is there. */
export const natsProgram = (
  natsUser: string,
  stream: StreamName,
): string => `// npm install @nats-io/transport-node @nats-io/jetstream
import { connect } from '@nats-io/transport-node';
import { jetstream } from '@nats-io/jetstream';

const user = '${natsUser}';
const nc = await connect({
  servers: process.env.NATS_URL, // of this Gateway, as host:port
  user,
  pass: process.env.MUSTER_SECRET,
  inboxPrefix: '${outsiderInbox('')}' + user,
});
const consumer = await jetstream(nc).consumers.get('${stream}', user);
for await (const fact of await consumer.consume()) {
  console.log(fact.headers.get('ce-type'), fact.headers.get('ce-position'), fact.json());
  fact.ack();
}`;

/** The same facts over HTTP, as they come. */
export const curlProgram = (origin: string): string =>
  `curl --no-buffer -H "Authorization: Bearer $MUSTER_SECRET" -H 'Accept: text/event-stream' \\
  '${origin}/api/events?after=now'`;
