import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { routes } from '@muster/contracts';
import { makeCertificate } from '@muster/node-link';
import { SimulatedNode } from '@muster/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { Client } from 'pg';
import * as z from 'zod';
import { Console } from '../drills/console.js';
import { DrilledMuster } from '../drills/muster.js';
import { versionOf } from '../pack/packages.js';
import { writeWhole } from '../start/data-folder.js';
import { say } from '../terminal.js';
import { type BusMessage, keptFolder, type KeptRelease } from './kept-release.js';

// Keeps the release that is checked out and built, for the tests of the releases after it: runs it on the empty database of
// DATABASE_URL, gives it a life through its own doors, and writes what it leaves behind to tools/fixtures/<version>. The
// database is dumped by pg_dump, so its server must not be newer than the one on the path.
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../..');
const databaseUrl = process.env['DATABASE_URL'];
if (databaseUrl === undefined) throw new Error('DATABASE_URL must name an empty database whose server pg_dump knows');

const WITHIN_MS = 180_000;
/** They stand in the repository and open nothing else: 43 characters each, as the real ones have. */
const secretOf = (what: string): string => `kept-for-tests-of-upgrades-${what}`.padEnd(43, '0').slice(0, 43);
const secrets = { musterSecret: secretOf('secret'), accessKey: secretOf('key') };
const ada = { name: 'Ada', password: 'a password kept for tests' };
const grace = { name: 'Grace', password: 'another one kept for tests' };
const MODEL = 'kept-chat';

const folder = await mkdtemp(join(tmpdir(), 'muster-keep-'));
const data = join(folder, 'data');
const muster = new DrilledMuster(root, data, ['--no-node']);
const nodes: SimulatedNode[] = [];
try {
  await mkdir(join(data, 'secrets'), { recursive: true, mode: 0o700 });
  await writeWhole(join(data, 'secrets', 'muster-secret'), `${secrets.musterSecret}\n`);
  await muster.start();
  const kept = await keep();
  await muster.end('SIGINT');
  const version = versionOf(root);
  const place = keptFolder(root, version);
  await mkdir(place, { recursive: true });
  const release: KeptRelease = { release: version, ...kept, migrations: await migrationsOf() };
  await writeFile(join(place, 'beside.json'), `${JSON.stringify(release, undefined, 2)}\n`);
  await writeFile(join(place, 'database.sql'), await dumped());
  say(`Kept ${version} in ${place}`);
} finally {
  await muster.end('SIGKILL');
  for (const node of nodes) await node.kill();
  await rm(folder, { recursive: true, force: true });
}

/** The life: some of every kind of fact, and then what the page shows of it. */
async function keep(): Promise<Omit<KeptRelease, 'release' | 'migrations'>> {
  const door = new Console(() => muster.address);
  await door.must('POST', '/api/first-account', { code: muster.code, ...ada });
  const keys = await people(door);
  const formerAccessKey = await accessKeyOf(door);
  const { nodeId, node, certificate } = await fleet(door, formerAccessKey);
  await settings(door, node, formerAccessKey);
  await request(keys['robot'] ?? '', 200);
  node.setInference({ refuses: { status: 500, message: 'broken for a moment' } });
  await request(keys['robot'] ?? '', 502);
  node.setInference({});
  await request('msk_nobody-has-this-key', 401);
  node.log('a line of the log that outlives the release');
  const counted = await settled(door, 2);
  // What is added up now and then only: by the minute, and of requests a few times a minute.
  await until(async () => (await rowsOf('stats.cells')) > 0 && (await rowsOf('monitor.node_minutes')) > 0);
  const bus = await openBus();
  try {
    const streams = await streamsOf(bus);
    const shown = await shownBy(door, counted);
    const facts = await factsOf(bus);
    const uncounted = await uncountedBy(bus, keys['robot'] ?? '');
    const { certPem, keyPem } = certificate;
    return {
      ...{
        secrets: { ...secrets, formerAccessKey },
        people: [ada, grace],
        keys,
        node: { nodeId, certificate: { certPem, keyPem } },
      },
      ...{ model: MODEL, natsConfig: await natsConfig(), streams, facts, uncounted, shown },
    };
  } finally {
    await bus.close();
  }
}

async function people(door: Console): Promise<Record<string, string>> {
  const make = async (name: string, permissions: string[], password: string): Promise<string> => {
    const accountId = randomUUID();
    await door.must('POST', '/api/accounts', { accountId, name, password, permissions });
    return accountId;
  };
  const graceId = await make('Grce', ['fleet:view'], 'the first password of Grace');
  await door.must('PATCH', `/api/accounts/${graceId}`, {
    name: grace.name,
    permissions: ['fleet:view', 'keys:manage'],
  });
  await door.must('PUT', `/api/accounts/${graceId}/password`, { password: grace.password });
  const other = new Console(() => muster.address);
  await other.call('POST', '/api/session', { ...grace, password: 'not her password' });
  await other.must('POST', '/api/session', grace);
  await other.must('DELETE', '/api/session');
  const alan = await make('Alan', [], 'the password of Alan');
  await door.must('POST', `/api/accounts/${alan}/disable`);
  await door.must('POST', `/api/accounts/${alan}/enable`);
  await door.must('POST', `/api/accounts/${alan}/disable`);
  await door.must('DELETE', `/api/accounts/${await make('Guest', [], 'the password of Guest')}`);

  const keys: Record<string, string> = {};
  const idOf: Record<string, string> = {};
  for (const name of ['robot', 'revoked']) {
    const keyId = randomUUID();
    const made = await door.must('POST', '/api/keys', { keyId, name, permissions: ['inference'] });
    keys[name] = z.object({ key: z.string() }).parse(JSON.parse(made)).key;
    idOf[name] = keyId;
  }
  await door.must('PATCH', `/api/keys/${idOf['robot']}`, { models: [MODEL] });
  await door.must('DELETE', `/api/keys/${idOf['revoked']}`);
  return keys;
}

async function fleet(door: Console, accessKey: string) {
  const start = async (name: string) => {
    const certificate = await makeCertificate({ hostname: name });
    const node = await SimulatedNode.start({ name, accessKey, certificate });
    nodes.push(node);
    return { node, certificate, nodeId: await door.register(name, 'localhost', node.port) };
  };
  const alpha = await start('alpha');
  alpha.node.setModels({ modelId: 'kept.gguf', name: MODEL, source: 'file', kind: 'chat' });
  await door.must('POST', `/api/nodes/${alpha.nodeId}/activate`);
  await green(door, alpha.nodeId);
  await until(
    async () =>
      (await door.call('POST', `/api/nodes/${alpha.nodeId}/executors`, { modelId: 'kept.gguf' })).status < 300,
  );
  await until(async () => (await viewOf(door, alpha.nodeId))?.executors.some(({ state }) => state === 'online'));

  const beta = await start('bta');
  await door.must('PATCH', `/api/nodes/${beta.nodeId}`, { name: 'beta' });
  await door.must('POST', `/api/nodes/${beta.nodeId}/activate`);
  await green(door, beta.nodeId);
  const { fingerprint } = await beta.node.newCertificate();
  beta.node.dropLinks();
  await until(async () => (await viewOf(door, beta.nodeId))?.status.colour === 'red');
  await door.must('PUT', `/api/nodes/${beta.nodeId}/certificate`, { fingerprint });
  await door.must('PATCH', `/api/nodes/${beta.nodeId}`, {
    address: { host: '127.0.0.1', port: beta.node.port, fingerprint },
  });
  await door.must('POST', `/api/nodes/${beta.nodeId}/deactivate`);
  const gamma = await start('gamma');
  await door.must('DELETE', `/api/nodes/${gamma.nodeId}`);
  return alpha;
}

async function settings(door: Console, alpha: SimulatedNode, former: string): Promise<void> {
  await door.must('PATCH', '/api/settings', {
    delayedThresholdMs: 12_000,
    inferenceOpen: true,
    dial: { loopback: true, private: true, ports: { from: 1_024, to: 60_000 } },
    retention: { requestsDays: 365, rollUpsDays: 400, logLinesDays: 90 },
    allowedOrigins: ['https://muster.example'],
  });
  await door.must('PATCH', '/api/settings', { inferenceOpen: false });
  await door.must('PUT', '/api/settings/access-key', { accessKey: secrets.accessKey });
  alpha.setAccessKeys(secrets.accessKey, former);
  await door.call('POST', '/api/settings/access-key/end-rotation');
  alpha.setAccessKeys(secrets.accessKey);
  const rotation = z.object({ rotation: z.optional(z.object({})) });
  await until(async () => rotation.parse(JSON.parse(await door.must('GET', '/api/settings'))).rotation === undefined);
  const [view] = await door.nodes();
  await green(door, view?.nodeId ?? '');
}

async function accessKeyOf(door: Console): Promise<string> {
  const shown = await door.must('POST', '/api/settings/access-key/show');
  return z.object({ accessKey: z.string() }).parse(JSON.parse(shown)).accessKey;
}

/** One chat, which must end with this status. */
async function request(key: string, status: number): Promise<void> {
  const { router } = z
    .object({ router: z.number() })
    .parse(JSON.parse(await readFile(join(data, 'ports.json'), 'utf8')));
  await until(async () => {
    const answer = await fetch(`http://127.0.0.1:${router}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'Hello' }] }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await answer.text();
    // A router that has just begun knows neither keys nor executors yet; such a request is none of the two that are counted.
    if (answer.status === status) return true;
    throw new Error(`${answer.status}: ${text}`);
  });
}

/** The number of requests that are counted, once at least so many are and none is under way. */
async function settled(door: Console, least: number): Promise<number> {
  return until(async () => {
    const { figures } = routes.readFigures.reply.parse(JSON.parse(await door.must('GET', '/api/figures')));
    if (figures === null || figures.handled.allTime < least || figures.pending > 0) return undefined;
    const { inFlight, queued } = figures.conservation;
    return inFlight + queued === 0 ? figures.handled.allTime : undefined;
  });
}

async function shownBy(door: Console, handled: number): Promise<KeptRelease['shown']> {
  const read = async (path: string): Promise<unknown> => JSON.parse(await door.must('GET', path));
  const tallies = [];
  for (const by of ['all', 'node', 'model', 'key'] as const)
    tallies.push(z.looseObject({}).parse(await read(`/api/figures/all?by=${by}`)));
  const history = (await door.must('GET', '/api/history/export')).trim().split('\n').reverse();
  return {
    nodes: z.object({ nodes: z.array(z.any()) }).parse(await read('/api/nodes')).nodes,
    accounts: routes.listAccounts.reply.parse(await read('/api/accounts')).accounts,
    apiKeys: routes.listApiKeys.reply.parse(await read('/api/keys')).keys,
    settings: routes.readSettings.reply.parse(await read('/api/settings')),
    history: history.map((line) => z.looseObject({ id: z.string(), type: z.string() }).parse(JSON.parse(line))),
    handled,
    tallies,
  };
}

async function openBus(): Promise<NatsConnection> {
  const { nats } = z.object({ nats: z.number() }).parse(JSON.parse(await readFile(join(data, 'ports.json'), 'utf8')));
  const pass = (await readFile(join(data, 'secrets', 'nats-muster'), 'utf8')).trim();
  return connect({ servers: `127.0.0.1:${nats}`, user: 'muster', pass });
}

async function streamsOf(bus: NatsConnection): Promise<KeptRelease['streams']> {
  const streams = [];
  for await (const { config } of (await jetstreamManager(bus)).streams.list()) streams.push({ ...config });
  return streams.sort((one, other) => one.name.localeCompare(other.name));
}

/** Every fact about fleet, access and health, stream by stream. */
async function factsOf(bus: NatsConnection): Promise<BusMessage[]> {
  const { streams } = await jetstreamManager(bus);
  const facts: BusMessage[] = [];
  for (const name of ['FLEET', 'ACCESS', 'HEALTH']) {
    const { state } = await streams.info(name);
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const message = await streams.getMessage(name, { seq });
      if (message === null) throw new Error(`${name} lacks its message ${seq}`);
      facts.push(messageOf(message.subject, message.header, message.json<BusMessage['data']>()));
    }
  }
  return facts;
}

function messageOf(subject: string, given: MsgHdrs | undefined, data: BusMessage['data']): BusMessage {
  const headers = Object.fromEntries((given?.keys() ?? []).map((name) => [name, given?.get(name) ?? '']));
  return { subject, headers, data };
}

/** What a request leaves on the bus while nobody counts. */
async function uncountedBy(bus: NatsConnection, key: string): Promise<BusMessage[]> {
  const seen: BusMessage[] = [];
  const watching = bus.subscribe('muster.request.>', {
    callback: (_, message) => {
      seen.push(messageOf(message.subject, message.headers, message.json<BusMessage['data']>()));
    },
  });
  await bus.flush();
  await muster.signal('stats', 'SIGSTOP');
  await request(key, 200);
  await until(() => Promise.resolve(seen.some(({ subject }) => subject.includes('.finished.'))));
  watching.unsubscribe();
  await muster.signal('stats', 'SIGKILL');
  return seen;
}

/** With holes for what each start fills in. */
async function natsConfig(): Promise<string> {
  const { nats } = z.object({ nats: z.number() }).parse(JSON.parse(await readFile(join(data, 'ports.json'), 'utf8')));
  const password = (await readFile(join(data, 'secrets', 'nats-muster'), 'utf8')).trim();
  const text = await readFile(join(data, 'secrets', 'nats.conf'), 'utf8');
  return text
    .replaceAll(password, '<password>')
    .replaceAll(`:${nats}"`, ':<port>"')
    .replaceAll(join(data, 'nats'), '<store>');
}

async function migrationsOf(): Promise<KeptRelease['migrations']> {
  const Found = z.array(z.object({ schema: z.string() }));
  const schemas = Found.parse(
    await ask(
      `select table_schema as schema from information_schema.tables where table_name = 'migrations' order by 1`,
    ),
  );
  const migrations: Record<string, string[]> = {};
  for (const { schema } of schemas) {
    const run = z
      .array(z.object({ name: z.string() }))
      .parse(await ask(`select name from ${schema}.migrations order by id`));
    migrations[schema] = run.map(({ name }) => name);
  }
  return migrations;
}

async function rowsOf(table: string): Promise<number> {
  const Count = z.tuple([z.object({ rows: z.number() })]);
  const [{ rows }] = Count.parse(await ask(`select count(*)::int as rows from ${table}`));
  return rows;
}

async function ask(sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** SQL alone: what only psql understands is left out, and so are open sessions, which nobody holds any more. */
async function dumped(): Promise<string> {
  const args = ['--inserts', '--rows-per-insert=100', '--no-owner', '--no-privileges', databaseUrl ?? ''];
  const { stdout } = await promisify(execFile)('pg_dump', args, { maxBuffer: 64 * 1024 ** 2 });
  return stdout
    .replace(/^\\(?:un)?restrict .*\n/gm, '')
    .replace(/^--.*\n/gm, '')
    .replace(/\n{3,}/g, '\n\n');
}

async function viewOf(door: Console, nodeId: string) {
  return (await door.nodes()).find((view) => view.nodeId === nodeId);
}

async function green(door: Console, nodeId: string): Promise<void> {
  await until(async () => (await viewOf(door, nodeId))?.status.colour === 'green');
}

/** The first answer that is neither false nor undefined; a failure is tried again too. */
async function until<T>(look: () => Promise<T | false | undefined>): Promise<T> {
  const deadline = performance.now() + WITHIN_MS;
  for (let last: unknown; ; await sleep(200)) {
    try {
      const found = await look();
      if (found !== false && found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error('It did not come about in time', { cause: last });
  }
}
