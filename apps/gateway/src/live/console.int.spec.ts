import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import {
  allPermissions,
  commandSubject,
  type ConsoleToServer,
  type FleetChange,
  type FleetSnapshot,
  type Joined,
  type LogEntry,
  type LogSnapshot,
  type NodeSample,
  NodeState,
  type Numbered,
  Outage,
  ReadLog,
  ReadSamples,
  socketPolicy,
} from '@muster/contracts';
import { testNats, type TestNats, until } from '@muster/testing';
import { activated, AT, healthy, nodeFact, pulse, registered, RUN, sample } from '../fleet/fleet.examples.js';
import { RegistryStandIn, testGateway, type TestGateway, type TestSocket } from '../gateway.examples.js';
import { hashOf } from '../sessions/session-cookie.js';
import { ConsoleDoor } from './console-door.js';

let nats: TestNats;
let registry: RegistryStandIn;
let gateway: TestGateway;
const nodeId = randomUUID();
let pulses: NodeJS.Timeout;

beforeAll(async () => {
  nats = await testNats();
  registry = await RegistryStandIn.open(nats.url);
  await registry.publish(registered(nodeId, 'gpu-01'));
  await registry.publish(activated(nodeId));
  gateway = await testGateway(nats.url);
  await putState(healthy(nodeId));
  pulses = setInterval(() => registry.bus.publishPulse(pulse()), 500);
});
afterAll(async () => {
  clearInterval(pulses);
  await gateway.stop();
  await registry.stop();
  await nats.stop();
});

const putState = async (state: ReturnType<typeof healthy>) => {
  await registry.bus.bucket('NODES', NodeState).put(state.nodeId, state);
};

const viewer = () => registry.open(['fleet:view']).token;

async function connected(token: string | undefined): Promise<TestSocket> {
  const socket = gateway.socket(token);
  await until(() => socket.connected, undefined, { withinMs: 3_000 });
  return socket;
}

const ok = <Snapshot>(joined: Joined<Snapshot>): Extract<Joined<Snapshot>, { ok: true }> => {
  if (!joined.ok) throw new Error(`Not let in: ${joined.code}`);
  return joined;
};

const joinFleet = (socket: TestSocket): Promise<Joined<FleetSnapshot>> =>
  socket.timeout(5_000).emitWithAck('fleet:join');
const joinMetrics = (socket: TestSocket, of: string): Promise<Joined<{ samples: NodeSample[] }>> =>
  socket.timeout(5_000).emitWithAck('metrics:join', { nodeId: of });
const joinLog = (socket: TestSocket, of: string): Promise<Joined<LogSnapshot>> =>
  socket.timeout(5_000).emitWithAck('log:join', { nodeId: of });

const isOpen = (room: string): boolean => gateway.service.app.get(ConsoleDoor).server.of('/').adapter.rooms.has(room);

const lineAt = (n: number, message = `line ${n}`): LogEntry => ({
  kind: 'line',
  n,
  run: RUN,
  line: { seq: n, at: AT, level: 'info', source: 'node', message },
});

describe('a socket', () => {
  const refused = async (socket: TestSocket): Promise<Error & { data?: unknown }> => {
    const [error] = (await once(socket as unknown as NodeJS.EventEmitter, 'connect_error')) as [
      Error & { data?: unknown },
    ];
    return error;
  };

  it('is not let in without a session', async () => {
    expect(await refused(gateway.socket(undefined))).toMatchObject({ message: 'not-signed-in', data: { ok: false } });
    expect(await refused(gateway.socket('a'.repeat(43)))).toMatchObject({ message: 'not-signed-in' });
  });

  it('is not let in from a foreign page', async () => {
    const socket = gateway.socket(viewer(), { origin: 'https://evil.example' });
    expect((await refused(socket)).message).toBe('websocket error');
    expect(gateway.log.join('')).toContain('A socket from a foreign page was refused');
  });

  it('closes within two seconds when the session ends elsewhere, and is told so', async () => {
    const token = viewer();
    const [first, second, other] = [await connected(token), await connected(token), await connected(viewer())];
    const told: string[] = [];
    first.on('session:ended', () => told.push('first'));
    second.on('session:ended', () => told.push('second'));
    await registry.end(hashOf(token));
    await until(() => !first.connected && !second.connected, undefined, { withinMs: 2_000 });
    expect(told.sort()).toEqual(['first', 'second']);
    expect(other.connected).toBe(true);
  });

  it('is answered a ping, and nothing at all to what it makes up', async () => {
    const socket = await connected(viewer());
    await socket.timeout(2_000).emitWithAck('console:ping');
    const made = socket as unknown as { timeout(ms: number): { emitWithAck(name: string): Promise<unknown> } };
    expect(await made.timeout(2_000).emitWithAck('fleet:drop')).toMatchObject({ ok: false, code: 'not-found' });
    expect(await made.timeout(2_000).emitWithAck('constructor')).toMatchObject({ ok: false, code: 'not-found' });
  });

  it('is cut off when it floods', async () => {
    const socket = await connected(viewer());
    for (let n = 0; n < 400; n++) socket.emit('fleet:leave');
    await until(() => !socket.connected, undefined, { withinMs: 3_000 });
    expect(gateway.log.join('')).toContain('It floods');
  });

  it('is cut off when it sends a frame that is too large', async () => {
    const socket = await connected(viewer());
    socket.emit('metrics:leave', { nodeId: 'x'.repeat(64 * 1024) });
    await until(() => !socket.connected, undefined, { withinMs: 3_000 });
  });

  it('survives whatever is sent in place of what is meant', async () => {
    const socket = await connected(viewer());
    const loose = socket as unknown as { emit(name: string, ...values: unknown[]): void };
    for (const event of Object.keys(socketPolicy))
      for (const value of [null, 7, [], {}, { nodeId: 'x' }]) loose.emit(event, value);
    // So much at once is more than a page may send: it is told so until it may again.
    const joins = (nodeId: string) =>
      until(
        () => socket.timeout(2_000).emitWithAck('metrics:join', { nodeId }) as Promise<Joined<unknown>>,
        (joined) => joined.ok || joined.code !== 'too-many-tries',
      );
    expect(await joins('x')).toMatchObject({ ok: false, code: 'bad-input' });
    expect(await joins(randomUUID())).toMatchObject({ ok: false, code: 'node-unknown' });
  });

  const guarded = Object.entries(socketPolicy).filter(([, needed]) => needed !== 'open') as [
    keyof ConsoleToServer,
    string,
  ][];
  it.each(guarded)('is refused %s without the permission for it', async (event, needed) => {
    const { token } = registry.open(allPermissions.filter((permission) => permission !== needed));
    const socket = (await connected(token)) as unknown as {
      timeout(ms: number): { emitWithAck(name: string, ...values: unknown[]): Promise<unknown> };
    };
    const values = event.startsWith('fleet') ? [] : [{ nodeId }];
    const answer = await socket.timeout(2_000).emitWithAck(event, ...values);
    expect(answer).toMatchObject({ ok: false, code: 'not-permitted' });
  });
});

describe('the fleet room', () => {
  it('shows every node at once, then each change with the next number', async () => {
    const socket = await connected(viewer());
    const changes: (Numbered & FleetChange)[] = [];
    socket.on('fleet:change', (change) => changes.push(change));
    const joined = await until(
      async () => ok(await joinFleet(socket)),
      ({ snapshot }) => snapshot.nodes.some((node) => node.status.colour === 'green'),
    );
    expect(joined.snapshot).toMatchObject({ gateway: { notices: [] }, nodes: [{ nodeId, name: 'gpu-01' }] });
    await registry.publish(
      nodeFact({ type: 'NodeRenamed', data: { nodeId, name: 'gpu-02', from: 'gpu-01', at: AT } }, 3),
    );
    registry.bus.publishSample(sample(nodeId, 1, 33));
    await until(() => changes.flatMap(({ changed }) => changed).find(({ name }) => name === 'gpu-02'));
    await until(() => changes.find(({ loads }) => loads[nodeId]?.cpuPercent === 33));
    // It has joined several times while the node was not green yet: what was told until then is in the snapshot.
    const since = changes.filter(({ seq }) => seq > joined.seq);
    expect(since.map(({ seq }) => seq)).toEqual(since.map((_, index) => joined.seq + 1 + index));
    expect(new Set(changes.map(({ epoch }) => epoch))).toEqual(new Set([joined.epoch]));
  });
});

describe("a node's metrics", () => {
  it('go on from the snapshot without a hole under a stream of samples', async () => {
    const streamed = randomUUID();
    await registry.publish(registered(streamed));
    const kept: NodeSample[] = [];
    const monitor = await registry.answer(
      ReadSamples,
      () => Promise.resolve({ samples: kept.slice(-300) }),
      commandSubject(ReadSamples, streamed),
    );
    const stream = setInterval(() => {
      const next = sample(streamed, kept.length + 1);
      kept.push(next);
      registry.bus.publishSample(next);
    }, 2);
    try {
      await until(() => kept.length > 20);
      const seen = await Promise.all(
        Array.from({ length: 5 }, async () => {
          const socket = await connected(viewer());
          const changes: (Numbered & { samples: NodeSample[] })[] = [];
          socket.on('metrics:change', (change) => changes.push(change));
          const joined = await until(async () => ok(await joinMetrics(socket, streamed)));
          return { joined, changes };
        }),
      );
      await until(() => seen.every(({ changes }) => changes.length > 50));
      for (const { joined, changes } of seen) {
        const now = [...changes];
        expect(now.map(({ seq }) => seq)).toEqual(now.map((_, index) => joined.seq + 1 + index));
        const seqs = [...joined.snapshot.samples, ...now.flatMap(({ samples }) => samples)].map(({ seq }) => seq);
        expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index));
      }
    } finally {
      clearInterval(stream);
      await monitor.stop();
    }
  });

  it('are asked for once for all who look, and no longer listened to when nobody does', async () => {
    let asked = 0;
    const monitor = await registry.answer(
      ReadSamples,
      () => Promise.resolve({ samples: asked++ > 0 ? [sample(nodeId, 2)] : [sample(nodeId, 1)] }),
      commandSubject(ReadSamples, nodeId),
    );
    const [first, second] = [await connected(viewer()), await connected(viewer())];
    const join = (socket: TestSocket) => joinMetrics(socket, nodeId);
    const both = [ok(await join(first)), ok(await join(second))];
    expect(asked).toBe(1);
    expect(both[0]?.epoch).toBe(both[1]?.epoch);
    first.emit('metrics:leave', { nodeId });
    second.disconnect();
    await until(() => !isOpen(`node:${nodeId}:metrics`));
    const again = ok(await join(first));
    expect(again.epoch).not.toBe(both[0]?.epoch);
    expect(again.snapshot.samples).toEqual([sample(nodeId, 2)]);
    await monitor.stop();
  });

  it('are empty for a node that no monitor holds, and an outage when the monitor cannot tell', async () => {
    const socket = await connected(viewer());
    const quiet = randomUUID();
    await registry.publish(registered(quiet));
    const join = () => joinMetrics(socket, quiet);
    const joined = await until(join, ({ ok: isIn }) => isIn);
    expect(ok(joined).snapshot).toEqual({ samples: [] });
    socket.emit('metrics:leave', { nodeId: quiet });
    await until(() => !isOpen(`node:${quiet}:metrics`));
    const monitor = await registry.answer(
      ReadSamples,
      () => Promise.reject(new Outage('monitor', 'busy')),
      commandSubject(ReadSamples, quiet),
    );
    expect(await join()).toMatchObject({ ok: false, code: 'outage' });
    await monitor.stop();
  });
});

describe('a room of a node that no monitor holds', () => {
  it('is entered anew as soon as one does', async () => {
    const late = randomUUID();
    await registry.publish(registered(late));
    const socket = await connected(viewer());
    const dirty: unknown[] = [];
    socket.on('room:dirty', (room) => dirty.push(room));
    await until(
      () => joinMetrics(socket, late),
      ({ ok: isIn }) => isIn,
    );
    const monitor = await registry.answer(
      ReadSamples,
      () => Promise.resolve({ samples: [sample(late, 1)] }),
      commandSubject(ReadSamples, late),
    );
    expect(await until(() => dirty[0])).toEqual({ room: 'metrics', nodeId: late });
    expect(ok(await joinMetrics(socket, late)).snapshot.samples).toEqual([sample(late, 1)]);
    await monitor.stop();
  }, 10_000);
});

describe("a node's log", () => {
  it('comes a few times a second, in order, with a gap where the bus lost some', async () => {
    const epoch = randomUUID();
    const monitor = await registry.answer(
      ReadLog,
      () => Promise.resolve({ epoch, entries: [lineAt(1), lineAt(2)], more: false }),
      commandSubject(ReadLog, nodeId),
    );
    const socket = await connected(viewer());
    const changes: LogEntry[][] = [];
    socket.on('log:change', ({ entries }) => changes.push(entries));
    const joined = ok(await joinLog(socket, nodeId));
    expect(joined.snapshot).toEqual({ logEpoch: epoch, entries: [lineAt(1), lineAt(2)], more: false });
    for (let n = 3; n <= 40; n++)
      if (n < 20 || n > 24) registry.bus.publishLog({ nodeId, epoch, entries: [lineAt(n)] });
    const told = await until(
      () => changes.flat(),
      (entries) => entries.at(-1)?.n === 40,
    );
    expect(told.filter(({ kind }) => kind === 'gap')).toEqual([
      { kind: 'gap', n: 20, at: expect.any(String), lost: 5, where: 'gateway' },
    ]);
    expect(told.map(({ n }) => n)).toEqual([
      ...Array.from({ length: 18 }, (_, index) => index + 3),
      ...Array.from({ length: 16 }, (_, index) => index + 25),
    ]);
    expect(changes.length).toBeLessThan(10);
    await monitor.stop();
  });

  it('is joined anew when the monitor counts anew', async () => {
    let epoch = randomUUID();
    const monitor = await registry.answer(
      ReadLog,
      () => Promise.resolve({ epoch, entries: [lineAt(1)], more: false }),
      commandSubject(ReadLog, nodeId),
    );
    const socket = await connected(viewer());
    const dirty: unknown[] = [];
    socket.on('room:dirty', (room) => dirty.push(room));
    ok(await joinLog(socket, nodeId));
    epoch = randomUUID();
    registry.bus.publishLog({ nodeId, epoch, entries: [lineAt(1)] });
    expect(await until(() => dirty[0])).toEqual({ room: 'log', nodeId });
    const joined = ok(await joinLog(socket, nodeId));
    expect(joined.snapshot.logEpoch).toBe(epoch);
    await monitor.stop();
  });
});

describe('a page that is frozen', () => {
  it('costs little memory, is cut off in the end, and disturbs nobody else', async () => {
    const noisy = randomUUID();
    await registry.publish(registered(noisy));
    const epoch = randomUUID();
    const monitor = await registry.answer(
      ReadLog,
      () => Promise.resolve({ epoch, entries: [], more: false }),
      commandSubject(ReadLog, noisy),
    );
    const frozen = await frozenSocket(viewer(), noisy);
    const reading = await connected(viewer());
    let told = 0;
    reading.on(
      'log:change',
      ({ entries }) => (told += entries.reduce((sum, each) => sum + (each.kind === 'gap' ? (each.lost ?? 0) : 1), 0)),
    );
    await until(async () => ok(await joinLog(reading, noisy)));
    let n = 0;
    const noise = setInterval(() => {
      const entries = Array.from({ length: 60 }, () => lineAt(++n, 'x'.repeat(2_000)));
      registry.bus.publishLog({ nodeId: noisy, epoch, entries });
    }, 50);
    try {
      const [socket] = [...frozen.server.of('/').sockets.values()].filter(({ id }) => id === frozen.id);
      let most = 0;
      await until(
        () => {
          most = Math.max(most, socket?.data.outbox.flow.queuedBytes ?? 0);
          return frozen.server.of('/').sockets.has(frozen.id);
        },
        (there) => !there,
        { withinMs: 25_000 },
      );
      expect(most).toBeGreaterThan(256 * 1024);
      expect(most).toBeLessThan(1536 * 1024);
      expect(gateway.log.join('')).toMatch(/It takes nothing any more|Too much waits for it/);
    } finally {
      clearInterval(noise);
      frozen.close();
    }
    await until(
      () => told,
      (count) => count >= n - 60,
    );
    expect(reading.connected).toBe(true);
    await monitor.stop();
  }, 40_000);
});

/** A console that has entered a log and then reads nothing more: the WebSocket by hand, since a library always reads. */
async function frozenSocket(token: string, of: string) {
  const door = gateway.service.app.get(ConsoleDoor);
  const before = new Set(door.server.of('/').sockets.keys());
  const tcp = connect(gateway.service.port, '127.0.0.1');
  tcp.write(
    [
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
      'host: localhost',
      'upgrade: websocket',
      'connection: upgrade',
      'sec-websocket-version: 13',
      `sec-websocket-key: ${Buffer.alloc(16).toString('base64')}`,
      'origin: http://localhost:8000',
      `cookie: __Host-muster-session=${token}`,
      '',
      '',
    ].join('\r\n'),
  );
  await once(tcp, 'data');
  const send = (text: string) => {
    const body = Buffer.from(text);
    // A client's frame is masked (RFC 6455 5.3); a mask of zeros changes nothing.
    tcp.write(Buffer.concat([Buffer.from([0x81, 0x80 | body.length, 0, 0, 0, 0]), body]));
  };
  send('40');
  const id = await until(() => [...door.server.of('/').sockets.keys()].find((each) => !before.has(each)));
  send(`421["log:join",{"nodeId":"${of}"}]`);
  await until(() =>
    door.server
      .of('/')
      .adapter.rooms.get(`node:${of}:log`)
      ?.has(id ?? ''),
  );
  tcp.pause();
  return { server: door.server, id: id ?? '', close: () => tcp.destroy() };
}
