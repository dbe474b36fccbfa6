import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AskedWith, type Bus, connectBus } from '@muster/bus';
import {
  allPermissions,
  type Caller,
  ChangeIntegration,
  CreateIntegration,
  integrationBounds,
  type ListedIntegration,
  ListIntegrations,
  ListReadings,
  type Order,
  outsiderInbox,
  Refusal,
  type ReplyOf,
  ResumeIntegration,
  RevokeIntegration,
  SetOwnReading,
  SetReading,
} from '@muster/contracts';
import { testDatabase, type TestDatabase, until } from '@muster/testing';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { freePort } from '../ports.js';
import { type DataFolder, openDataFolder } from './data-folder.js';
import { LogFile } from './log-file.js';
import { type Nats, ownNats } from './nats.js';
import { Outsiders } from './outsiders.js';
import { Part } from './part.js';
import { Roster } from './roster.js';

const ROOT = join(import.meta.dirname, '../../..');
const positionOf = (position: number) => {
  const fields = headers();
  fields.set('ce-position', String(position));
  return fields;
};
const PAYLOAD = 'x'.repeat(900);

/** nats-server as `npm start` runs it, the registry as a process beside it, and outsiders as they come. */
describe('outsiders on NATS', () => {
  let database: TestDatabase;
  let folder: DataFolder;
  let nats: Nats;
  let part: Part;
  let outsiders: Outsiders;
  let registry: ChildProcess;
  let bus: Bus;
  /** A service that publishes facts: what outsiders do must never delay it. */
  let service: NatsConnection;
  let port: number;
  const registryLog: string[] = [];
  const opened: NatsConnection[] = [];
  const sockets: Socket[] = [];
  const stops: (() => Promise<void> | void)[] = [];

  beforeAll(async () => {
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    database = await testDatabase();
    folder = await openDataFolder(join(await mkdtemp(join(tmpdir(), 'muster-outsiders-')), 'below'));
    port = await freePort();
    nats = await ownNats(folder, port, process.env);
    const roster = new Roster(join(folder.root, 'processes.json'));
    const log = new LogFile(join(folder.logs, 'nats.log'));
    part = new Part(nats.part, log, roster);
    stops.push(
      () => roster.close(),
      () => log.close(),
      () => part.stop(),
    );
    await part.start();
    outsiders = new Outsiders(nats, part);
    stops.push(() => outsiders.stop());
    const registryPort = await freePort();
    registry = spawn(process.execPath, [join(ROOT, 'apps/registry/dist/main.js')], {
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        DATABASE_URL: database.url,
        NATS_URL: nats.urls.registry,
        NATS_SYSTEM_URL: nats.systemUrl,
        NATS_USERS_FILE: nats.outsidersFile,
        NATS_LOG_FILE: log.path,
        MUSTER_SECRET: 'a'.repeat(43),
        MUSTER_LOCAL_NODE: 'off',
        PORT: String(registryPort),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    registry.stdout?.on('data', (chunk: Buffer) => registryLog.push(chunk.toString('utf8')));
    stops.push(async () => {
      const ended = once(registry, 'exit');
      registry.kill('SIGTERM');
      await ended;
    });
    await until(
      async () => (await fetch(`http://127.0.0.1:${registryPort}/health/ready`)).status,
      (status) => status === 200,
      { withinMs: 60_000 },
    );
    bus = await connectBus({ servers: nats.urls.gateway, name: 'spec' });
    stops.push(() => bus.close());
    const { username: user, password: pass } = new URL(nats.url);
    service = await connect({ servers: `127.0.0.1:${port}`, user, pass, inboxPrefix: '_INBOX.muster' });
    stops.push(() => service.close());
  }, 120_000);
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(opened.splice(0).map((connection) => connection.close()));
  });
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
    await database.drop();
    await rm(join(folder.root, '..'), { recursive: true, force: true });
    jest.restoreAllMocks();
  }, 60_000);

  const caller = (kind: Caller['actor']['kind'] = 'account'): Caller => ({
    actor: { kind, id: randomUUID(), name: 'Ada' },
    permissions: [...allPermissions],
    commandId: randomUUID(),
    correlationId: randomUUID(),
  });
  const ask = <O extends Order & { answers: 'once' }>(order: O, request: AskedWith<O>): Promise<ReplyOf<O>> =>
    bus.ask(order, request, caller(order.allowed === 'services' ? 'gateway' : 'account'));
  const listed = async (id: string): Promise<ListedIntegration> => {
    for await (const { integrations } of bus.askStream(ListIntegrations, {}, caller()))
      for (const each of integrations) if (each.integrationId === id) return each;
    throw new Error('It is not in the list');
  };
  interface Made {
    readonly integrationId: string;
    readonly natsUser: string;
    readonly secret: string;
  }
  const make = async (more: Partial<AskedWith<typeof CreateIntegration>> = {}): Promise<Made> => {
    const integrationId = randomUUID();
    const request: AskedWith<typeof CreateIntegration> = {
      ...{ integrationId, name: 'Desk', streams: ['FLEET'], doors: ['nats', 'http'] },
      ...more,
    };
    return { integrationId, ...(await ask(CreateIntegration, request)) };
  };
  const comeIn = async ({ natsUser, secret }: Made): Promise<NatsConnection> => {
    const options = {
      user: natsUser,
      pass: secret,
      inboxPrefix: outsiderInbox(natsUser),
      name: 'desk',
      reconnect: false,
    };
    const connection = await until(() => connect({ servers: `127.0.0.1:${port}`, ...options }), undefined, {
      withinMs: 5_000,
    });
    opened.push(connection);
    return connection;
  };
  const consumerOf = ({ natsUser }: Made, connection: NatsConnection) =>
    until(() => jetstream(connection).consumers.get('FLEET', natsUser), undefined, { withinMs: 5_000 });
  /** Facts of nobody's store: what is in them makes no difference here. */
  const tell = async (count: number): Promise<void> => {
    const js = jetstream(service);
    for (let n = 0; n < count; n += 1) await js.publish(`muster.fleet.node.${randomUUID()}.renamed`, PAYLOAD);
  };
  const messages = () =>
    until(async () => (await (await jetstreamManager(service)).streams.info('FLEET')).state.messages);
  const closedWithin = async (connection: NatsConnection, withinMs: number): Promise<void> => {
    await until(
      () => connection.isClosed(),
      (isClosed) => isClosed,
      { withinMs },
    );
  };

  it('are let in nowhere without credentials, and leave no secret on disk', async () => {
    await expect(connect({ servers: `127.0.0.1:${port}`, reconnect: false })).rejects.toThrow(/Authorization/);
    const made = await make();
    await expect(
      connect({ servers: `127.0.0.1:${port}`, user: made.natsUser, pass: 'wrong', reconnect: false }),
    ).rejects.toThrow(/Authorization/);
    await comeIn(made);
    expect((await stat(nats.outsidersFile)).mode & 0o777).toBe(0o640);
    for (const file of [nats.outsidersFile, join(folder.secrets, 'nats.conf')])
      expect(await readFile(file, 'utf8')).not.toContain(made.secret);
  }, 30_000);

  it('read the facts of their streams, live and by the consumer that Muster made, and are shown', async () => {
    const made = await make();
    const connection = await comeIn(made);
    let live = 0;
    connection.subscribe('muster.fleet.>', { callback: () => void (live += 1) });
    await connection.flush();
    const consumer = await consumerOf(made, connection);
    await tell(3);
    const read = await consumer.fetch({ max_messages: 3, expires: 5_000 });
    for await (const message of read) await message.ackAck().catch(() => message.ack());
    await until(
      () => live,
      (count) => count === 3,
    );
    const shown = await until(
      () => listed(made.integrationId),
      ({ activity }) => activity?.connected === 1 && (activity.readings[0]?.acknowledged ?? 0) > 0,
      { withinMs: 10_000 },
    );
    expect(shown.activity).toMatchObject({
      connections: [{ client: expect.stringMatching(/^desk, nats\.js/) as string, pendingBytes: 0 }],
      readings: [{ stream: 'FLEET', waiting: 0, unacknowledged: 0 }],
    });
  }, 30_000);

  it('may not subscribe to what is not theirs, publish anything, or make consumers, and it is named', async () => {
    const made = await make();
    const connection = await comeIn(made);
    const refused: string[] = [];
    for (const subject of ['muster.access.>', 'muster.ask.>', '_INBOX.>', '>', '$JS.>', '$KV.>'])
      connection.subscribe(subject, { callback: (error) => void refused.push(error?.message ?? 'given') });
    await until(
      () => refused,
      (words) => words.length === 6 && words.every((each) => each.includes('Permissions Violation')),
    );
    const jsm = await jetstreamManager(connection, { checkAPI: false });
    const evil = { durable_name: 'evil', deliver_subject: 'muster.access.account.x.created' };
    await expect(jsm.consumers.add('FLEET', evil)).rejects.toThrow(/Permissions Violation/);
    await expect(jsm.consumers.delete('FLEET', 'registry')).rejects.toThrow(/Permissions Violation/);
    const before = await messages();
    connection.publish(`muster.fleet.node.${randomUUID()}.renamed`, 'forged');
    await connection.flush();
    expect(await messages()).toBe(before);
    const { activity } = await until(
      () => listed(made.integrationId),
      (each) => (each.activity?.troubles ?? []).some(({ words }) => words.startsWith('Publishing refused')),
      { withinMs: 10_000 },
    );
    expect(activity?.troubles.map(({ words }) => words)).toContain('Subscription refused: muster.access.>');
    expect(registryLog.join('')).toContain('NATS refused something to an integration');
  }, 30_000);

  it('are gone within two seconds of being revoked, and what the bus keeps for them goes too', async () => {
    const made = await make();
    const other = await make();
    const [connection, stays] = [await comeIn(made), await comeIn(other)];
    await consumerOf(made, connection);
    await ask(RevokeIntegration, { integrationId: made.integrationId });
    await closedWithin(connection, 2_000);
    expect(stays.isClosed()).toBe(false);
    const again = { user: made.natsUser, pass: made.secret, reconnect: false };
    await expect(connect({ servers: `127.0.0.1:${port}`, ...again })).rejects.toThrow(/Authorization/);
    // While the server reloads, JetStream answers nobody for an instant.
    const jsm = await until(() => jetstreamManager(service));
    await until(
      () =>
        jsm.consumers.info('FLEET', made.natsUser).then(
          () => 'there',
          () => 'gone',
        ),
      (is) => is === 'gone',
      { withinMs: 5_000 },
    );
  }, 30_000);

  it('read no more of a stream that is taken from them', async () => {
    const made = await make({ streams: ['FLEET', 'HEALTH'] });
    const connection = await comeIn(made);
    let given = 0;
    connection.subscribe('muster.fleet.>', { callback: (error) => void (given += error === null ? 1 : 0) });
    await connection.flush();
    await tell(1);
    await until(
      () => given,
      (count) => count === 1,
    );
    await ask(ChangeIntegration, { integrationId: made.integrationId, streams: ['HEALTH'] });
    const fresh = await until(
      async () => {
        const probe = connection.isClosed() ? await comeIn(made) : connection;
        const before = given;
        await tell(1);
        await probe.flush().catch(() => undefined);
        return given === before;
      },
      (isSilent) => isSilent,
      { withinMs: 5_000 },
    );
    expect(fresh).toBe(true);
  }, 30_000);

  it('go on where a person or they themselves say, and nowhere that there is not', async () => {
    const made = await make();
    await tell(1);
    const connection = await comeIn(made);
    await consumerOf(made, connection);
    const { integrationId } = made;
    await ask(SetReading, { integrationId, stream: 'FLEET', from: 'start' });
    const consumer = await jetstream(connection).consumers.get('FLEET', made.natsUser);
    const first = await consumer.next({ expires: 5_000 });
    expect(first?.seq).toBe(1);
    await ask(SetOwnReading, { integrationId, stream: 'FLEET', from: 'now' });
    const info = await (await jetstream(connection).consumers.get('FLEET', made.natsUser)).info();
    expect(info.num_pending).toBe(0);
    const refusalOf = (answer: Promise<unknown>) =>
      answer.then(
        () => 'obeyed',
        (error: unknown) => (error instanceof Refusal ? error.message : String(error)),
      );
    expect(await refusalOf(ask(SetReading, { integrationId, stream: 'ACCESS', from: 'start' }))).toMatch(
      /may not read/,
    );
    expect(await refusalOf(ask(SetReading, { integrationId, stream: 'FLEET', from: 10 ** 9 }))).toMatch(
      /in the future/,
    );
  }, 30_000);

  it('are told which position is the oldest when they want to go on before it, and see how far they are', async () => {
    const made = await make({ streams: ['HEALTH'] });
    const { integrationId } = made;
    const js = jetstream(service);
    await until(() => js.publish(`muster.health.node.${randomUUID()}.turned`, PAYLOAD, { headers: positionOf(1) }));
    for (let position = 2; position <= 5; position += 1)
      await js.publish(`muster.health.node.${randomUUID()}.turned`, PAYLOAD, { headers: positionOf(position) });
    const { streams } = await jetstreamManager(service);
    await streams.purge('HEALTH', { keep: 2 });
    const answer = ask(SetOwnReading, { integrationId, stream: 'HEALTH', from: 1 });
    await expect(answer).rejects.toMatchObject({
      code: 'position-too-old',
      detail: { field: 'from', words: expect.stringContaining('the oldest is at 4') as string },
    });
    await ask(SetOwnReading, { integrationId, stream: 'HEALTH', from: 3 });
    await until(
      () => ask(ListReadings, { integrationId }),
      ({ readings }) => readings[0]?.stream === 'HEALTH' && readings[0].waiting === 2,
      { withinMs: 10_000 },
    );
  }, 30_000);

  it('are given no more when they acknowledge nothing, and nobody else waits for them', async () => {
    const made = await make();
    const connection = await comeIn(made);
    const consumer = await consumerOf(made, connection);
    await tell(1_200);
    let given = 0;
    for (let pull = 0; pull < 2; pull += 1) {
      const read = await consumer.fetch({ max_messages: 1_000, expires: 1_500 });
      for await (const message of read) given += message.redelivered ? 0 : 1;
    }
    expect(given).toBe(1_000);
    const startedMs = performance.now();
    await tell(1);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    await until(
      async () => (await listed(made.integrationId)).activity?.readings[0],
      (reading) => reading?.unacknowledged === 1_000 && reading.waiting === 201,
      { withinMs: 10_000 },
    );
  }, 60_000);

  it('are suspended when they hold more connections or subscriptions than they may, by a fact that says so', async () => {
    const made = await make();
    const options = { servers: `127.0.0.1:${port}`, user: made.natsUser, pass: made.secret, reconnect: false };
    await comeIn(made);
    const many = await Promise.allSettled(Array.from({ length: 40 }, () => connect(options)));
    for (const each of many) if (each.status === 'fulfilled') opened.push(each.value);
    const suspended = await until(
      () => listed(made.integrationId),
      ({ state }) => state === 'suspended',
      { withinMs: 10_000 },
    );
    expect(suspended.suspended).toMatchObject({ because: 'too-many-connections', by: 'Gateway' });
    for (const connection of opened) await closedWithin(connection, 3_000);
    await ask(ResumeIntegration, { integrationId: made.integrationId });
    const connection = await comeIn(made);
    for (let n = 0; n <= integrationBounds.subscriptions; n += 1)
      connection.subscribe('muster.fleet.>', { callback: () => undefined });
    const again = await until(
      () => listed(made.integrationId),
      ({ state }) => state === 'suspended',
      { withinMs: 15_000 },
    );
    expect(again.suspended?.because).toBe('too-many-subscriptions');
    expect(registryLog.join('')).toContain('An integration broke a bound and was suspended');
  }, 60_000);

  it('are let go when they stop reading, and no other reader is delayed', async () => {
    const made = await make();
    await comeIn(made);
    const socket = connectSocket(port, '127.0.0.1');
    sockets.push(socket);
    const login = { user: made.natsUser, pass: made.secret, verbose: false, lang: 'raw', version: '1', name: 'stuck' };
    socket.write(`CONNECT ${JSON.stringify(login)}\r\nSUB muster.fleet.> 1\r\nPING\r\n`);
    await once(socket, 'data');
    socket.pause();
    const reader = await connect({ servers: `127.0.0.1:${port}`, user: 'muster', pass: new URL(nats.url).password });
    opened.push(reader);
    let [worstMs, sentMs] = [0, 0];
    reader.subscribe('muster.fleet.>', {
      callback: () => void (worstMs = Math.max(worstMs, performance.now() - sentMs)),
    });
    await reader.flush();
    const big = 'y'.repeat(256 * 1024);
    const subject = `muster.fleet.node.${randomUUID()}.renamed`;
    const letGo = async (): Promise<boolean> =>
      ((await listed(made.integrationId)).activity?.troubles ?? []).some(({ words }) =>
        words.includes('Slow Consumer'),
      );
    // More than the system buffers for a socket, whose buffers grow; what comes after shows whether others wait.
    for (let n = 0; n < 240; n += 1) {
      service.publish(subject, big);
      if (n % 20 === 0) await service.flush();
    }
    await service.flush();
    await reader.flush();
    worstMs = 0;
    // Ten a second: each is stored as well, and a bus that had to write as fast as it can would be slow by itself.
    await until(
      async () => {
        sentMs = performance.now();
        service.publish(subject, big);
        await service.flush();
        await reader.flush();
        return letGo();
      },
      (isGone) => isGone,
      { withinMs: 60_000, everyMs: 100 },
    );
    expect(worstMs).toBeLessThan(2_000);
    const { activity } = await listed(made.integrationId);
    expect(activity?.troubles.some(({ words }) => /^Let go by NATS: Slow Consumer/.test(words))).toBe(true);
  }, 90_000);

  it('are known again after the bus was killed, and have their consumer again after its store was lost', async () => {
    const made = await make();
    const before = await comeIn(made);
    await consumerOf(made, before);
    await before.close();
    part.signal('SIGKILL');
    const connection = await comeIn(made);
    const jsm = await until(() => jetstreamManager(service), undefined, { withinMs: 10_000 });
    await until(() => jsm.streams.delete('FLEET'), undefined, { withinMs: 10_000 });
    const consumer = await until(() => jetstream(connection).consumers.get('FLEET', made.natsUser), undefined, {
      withinMs: 30_000,
    });
    expect((await consumer.info()).config).toMatchObject({ max_ack_pending: 1_000, max_deliver: -1 });
  }, 90_000);
});

describe('the store of a NATS from before there were accounts', () => {
  it('is taken over once, and never over one that is there', async () => {
    const root = await mkdtemp(join(tmpdir(), 'muster-former-'));
    const folder = await openDataFolder(join(root, 'data'));
    const former = join(folder.nats, 'jetstream', '$G');
    await mkdir(join(former, 'streams'), { recursive: true });
    await writeFile(join(former, 'mark'), 'kept');
    await ownNats(folder, 1, process.env);
    expect(await readFile(join(folder.nats, 'jetstream', 'MUSTER', 'mark'), 'utf8')).toBe('kept');
    await mkdir(former, { recursive: true });
    await ownNats(folder, 1, process.env);
    expect(await readFile(join(folder.nats, 'jetstream', 'MUSTER', 'mark'), 'utf8')).toBe('kept');
    await rm(root, { recursive: true, force: true });
  });
});
