import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { outsiderInbox, routes } from '@muster/contracts';
import { jetstream } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Console } from '../drills/console.js';

/** nats.sh looks each second and the server reloads; more than the two seconds that are promised, for a machine with other work. */
const FELT_WITHIN_MS = 10_000;

/** How long it took an outsider to be let in by NATS, and to be let in no more. */
export interface Visit {
  /** From the order to make it to its connection. */
  readonly inAfterMs: number;
  /** The facts that it read by the consumer that it was given. */
  readonly facts: number;
  /** From the order to revoke it to the end of its connection. */
  readonly outAfterMs: number;
  readonly isRefusedAfterwards: boolean;
}

/** Makes an integration, reads facts of the fleet from NATS with its secret, and revokes it. Rejects when one of these takes too long. */
export async function visit(door: Console, servers: string): Promise<Visit> {
  const integrationId = randomUUID();
  const orderedMs = performance.now();
  const body = { integrationId, name: 'Visitor', streams: ['FLEET'], doors: ['nats'] };
  const made = await door.must('POST', '/api/integrations', body);
  const { natsUser, secret } = routes.createIntegration.reply.parse(JSON.parse(made));
  const credentials = { servers, user: natsUser, pass: secret, inboxPrefix: outsiderInbox(natsUser), reconnect: false };
  const connection = await soon('NATS lets the outsider in', () => connect(credentials));
  try {
    const inAfterMs = performance.now() - orderedMs;
    const facts = await soon('the outsider reads facts', () => read(connection, natsUser));
    const revokedMs = performance.now();
    await door.must('DELETE', `/api/integrations/${integrationId}`);
    await soon('the connection of the outsider ends', () =>
      connection.isClosed() ? Promise.resolve() : Promise.reject(new Error('It is open')),
    );
    const outAfterMs = performance.now() - revokedMs;
    const isRefusedAfterwards = await connect(credentials).then(
      (again) => again.close().then(() => false),
      () => true,
    );
    return { inAfterMs, facts, outAfterMs, isRefusedAfterwards };
  } finally {
    await connection.close();
  }
}

/** Takes facts of the fleet until it has one at least; acknowledges them. */
async function read(connection: NatsConnection, natsUser: string): Promise<number> {
  const consumer = await jetstream(connection).consumers.get('FLEET', natsUser);
  let facts = 0;
  for await (const message of await consumer.fetch({ max_messages: 3, expires: 2_000 })) {
    message.ack();
    facts += 1;
  }
  if (facts === 0) throw new Error('No fact came');
  return facts;
}

/** What `act` gives once it does not throw. */
async function soon<T>(what: string, act: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + FELT_WITHIN_MS;
  for (;;) {
    try {
      return await act();
    } catch (cause) {
      if (performance.now() > deadlineMs) throw new Error(`Not within ${FELT_WITHIN_MS / 1_000} s: ${what}`, { cause });
      await sleep(50);
    }
  }
}
