import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstream, jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { Client } from 'pg';
import { freePort } from '../ports.js';
import { natsServerProgram } from '../programs/nats-server.js';
import { type DataFolder, keptSecret, openDataFolder, writeWhole } from '../start/data-folder.js';
import { ownPostgres } from '../start/postgres.js';
import { runFor } from '../start/run-for.js';
import type { BusMessage, KeptRelease } from './kept-release.js';

const READY_WITHIN_MS = 30_000;

/**
 * Makes a data folder as the kept release has left it: its database in a cluster, its bus with the streams and facts that it
 * held, its secrets, and the configuration of its bus. Nothing of it runs when this resolves.
 */
export async function makeOldFolder(root: string, { kept, sql }: { kept: KeptRelease; sql: string }): Promise<void> {
  const folder = await openDataFolder(root);
  await writeWhole(join(folder.secrets, 'muster-secret'), `${kept.secrets.musterSecret}\n`);
  await makeDatabase(folder, sql);
  await makeBus(folder, kept);
}

async function makeDatabase(folder: DataFolder, sql: string): Promise<void> {
  const postgres = await ownPostgres(folder, await freePort(), process.env);
  const server = await runFor(postgres.part);
  try {
    await postgres.prepare();
    await loadDump(postgres.url, sql);
  } finally {
    await server.stop();
  }
}

/** Runs the kept SQL on an empty database, as `psql` would. */
export async function loadDump(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function makeBus(folder: DataFolder, kept: KeptRelease): Promise<void> {
  const [password, port] = [await keptSecret(folder, 'nats-muster'), await freePort()];
  const config = join(folder.secrets, 'nats.conf');
  const store = JSON.stringify(folder.nats).slice(1, -1);
  await writeFile(
    config,
    kept.natsConfig.replace('<password>', password).replace('<port>', String(port)).replace('<store>', store),
    { mode: 0o600 },
  );
  await mkdir(folder.nats, { recursive: true });
  const open = () => connect({ servers: `127.0.0.1:${port}`, user: 'muster', pass: password, reconnect: false });
  const server = await runFor({
    name: 'NATS',
    file: await natsServerProgram(folder.programs),
    args: ['-c', config],
    env: process.env,
    stopSignal: 'SIGTERM',
    stopWithinMs: 10_000,
    ready: async () => (await open()).close(),
    readyWithinMs: READY_WITHIN_MS,
    remedy: '',
  });
  try {
    const bus = await open();
    await fill(bus, kept);
    await bus.close();
  } finally {
    await server.stop();
  }
}

async function fill(bus: NatsConnection, { streams, facts, uncounted }: KeptRelease): Promise<void> {
  const manager = await jetstreamManager(bus);
  for (const stream of streams) await manager.streams.add(stream as Partial<StreamConfig> & { name: string });
  for (const message of [...facts, ...uncounted]) await publish(bus, message);
}

async function publish(bus: NatsConnection, { subject, headers: given, data }: BusMessage): Promise<void> {
  const written = headers();
  // What the publisher expected of the stream held for that one moment.
  for (const [name, value] of Object.entries(given))
    if (!name.toLowerCase().startsWith('nats-expected')) written.set(name, value);
  await jetstream(bus).publish(subject, JSON.stringify(data), { headers: written });
}
