import { randomUUID } from 'node:crypto';
import {
  allPermissions,
  cursorOf,
  type FactFamilyName,
  type HistoryEntry,
  type HistoryPage,
  type Joined,
  ReadFleetAt,
  ReadHistory,
  readableFamilies,
} from '@muster/contracts';
import { testNats, type TestNats, until } from '@muster/testing';
import { RegistryStandIn, testGateway, type TestGateway } from '../gateway.examples.js';

const nodeId = randomUUID();
const epoch = randomUUID();
const admin = { kind: 'account', id: randomUUID(), name: 'Ada' } as const;

const entry = (position: number, family: FactFamilyName = 'node'): HistoryEntry => {
  const at = new Date(Date.UTC(2026, 10, 23, 12, 0, 0, position)).toISOString();
  const node = {
    stream: `node-${nodeId}`,
    type: 'NodeRenamed',
    data: { nodeId, name: `gpu-${position}`, from: 'gpu', at },
  };
  const settings = { stream: 'settings-gateway', type: 'AccessKeyShown', data: { keyId: '0123abcd', at } };
  return {
    ...{ id: randomUUID(), family, version: position, position, at },
    ...(family === 'node' ? node : settings),
    meta: { actor: admin, commandId: randomUUID(), correlationId: randomUUID() },
    subject:
      family === 'node'
        ? { kind: 'node', id: nodeId, name: 'gpu' }
        : { kind: 'gateway', id: 'gateway', name: 'Gateway' },
  };
};

describe('the history at the door', () => {
  /** Newest first, as the registry would hold it. */
  const held = Array.from({ length: 7 }, (_, index) => entry(7 - index, index === 1 ? 'settings' : 'node'));
  let nats: TestNats;
  let registry: RegistryStandIn;
  let gateway: TestGateway;
  let all: string;
  let viewer: string;
  let blind: string;

  beforeAll(async () => {
    nats = await testNats();
    registry = await RegistryStandIn.open(nats.url);
    await registry.answer(ReadHistory, ({ before }, { caller }) => {
      const readable = readableFamilies(caller.permissions);
      const from = before === undefined ? 0 : held.findIndex((each) => cursorOf(each) === before) + 1;
      const entries = held.slice(from, from + 4);
      const last = entries.at(-1);
      const older = from + 4 < held.length && last !== undefined ? cursorOf(last) : null;
      return Promise.resolve({ entries: entries.filter(({ family }) => readable.includes(family)), older });
    });
    await registry.answer(ReadFleetAt, async function* () {
      yield* await Promise.resolve([{ nodes: [] }, { nodes: [] }]);
    });
    gateway = await testGateway(nats.url);
    all = registry.open(allPermissions).token;
    viewer = registry.open(['fleet:view']).token;
    blind = registry.open(['accounts:manage']).token;
  });
  afterAll(async () => {
    await gateway.stop();
    await registry.stop();
    await nats.stop();
  });

  const read = async (path: string, token: string) => {
    const response = await gateway.call('GET', path, { token });
    return { status: response.status, body: (await response.json()) as HistoryPage & { code?: string } };
  };
  const join = async (token: string) => {
    const socket = gateway.socket(token);
    const joined: Joined<HistoryPage> = await socket.emitWithAck('history:join');
    const heard: HistoryEntry[] = [];
    socket.on('history:change', ({ entries }) => heard.push(...entries));
    return { joined, heard };
  };

  it('is read page by page', async () => {
    const first = await read('/api/history', all);
    expect(first.body.entries).toEqual(held.slice(0, 4));
    const second = await read(`/api/history?before=${first.body.older ?? ''}`, all);
    expect(second.body.entries).toEqual(held.slice(4));
    expect(second.body.older).toBeNull();
  });

  it('refuses a filter that makes no sense, and whoever may not see the fleet', async () => {
    for (const query of ['limit=0', 'limit=501', 'before=x', 'node=x', 'from=yesterday', 'family=x', 'surprise=1'])
      expect(await read(`/api/history?${query}`, all)).toMatchObject({ status: 400, body: { code: 'bad-input' } });
    for (const path of ['/api/history', '/api/history/export', '/api/fleet?at=2026-11-23T12:00:00Z'])
      expect(await read(path, blind)).toMatchObject({ status: 403, body: { code: 'not-permitted' } });
  });

  it('is exported as one line an entry, each with its words', async () => {
    const response = await gateway.call('GET', '/api/history/export', { token: viewer });
    expect(response.headers.get('content-disposition')).toContain('muster-history.ndjson');
    const lines = (await response.text()).trim().split('\n');
    const exported = lines.map((line) => JSON.parse(line) as { words: { title: string } });
    expect(exported).toHaveLength(6);
    expect(exported[0]).toEqual({
      ...held[0],
      words: { title: 'gpu renamed', change: { from: 'gpu', to: 'gpu-7' } },
    });
  });

  it('answers with the past of the fleet for a time, and says how a time is written', async () => {
    expect(await read('/api/fleet?at=2026-11-23T12:00:00Z', viewer)).toMatchObject({ body: { nodes: [] } });
    expect(await read('/api/fleet?at=noon', viewer)).toMatchObject({ status: 400 });
    expect(await read('/api/fleet', viewer)).toMatchObject({ status: 400 });
  });

  it('is live: the newest at once, then each entry once that one may read', async () => {
    const [everything, fleet, nothing] = await Promise.all([join(all), join(viewer), join(blind)]);
    expect(everything.joined).toMatchObject({ ok: true, snapshot: { entries: held.slice(0, 4) } });
    expect(fleet.joined).toMatchObject({ ok: true, snapshot: { entries: [held[0], held[2], held[3]] } });
    expect(nothing.joined).toMatchObject({ ok: false, code: 'not-permitted' });
    const news = [entry(8), entry(9, 'settings'), entry(10)];
    news.forEach((each, index) => registry.bus.publishHistory({ epoch, seq: index + 1, entry: each }));
    registry.bus.publishHistory({ epoch, seq: 4, entry: held[0] ?? entry(1) });
    await until(
      () => everything.heard.length,
      (count) => count === 3,
    );
    await until(
      () => fleet.heard.length,
      (count) => count === 2,
    );
    expect(everything.heard).toEqual(news);
    expect(fleet.heard).toEqual([news[0], news[2]]);
  });

  it('has everybody come in anew when an entry was lost on the way', async () => {
    const socket = gateway.socket(all);
    await socket.emitWithAck('history:join');
    const dirty = new Promise((resolve) => socket.once('room:dirty', resolve));
    registry.bus.publishHistory({ epoch, seq: 5, entry: entry(11) });
    registry.bus.publishHistory({ epoch, seq: 7, entry: entry(13) });
    expect(await dirty).toEqual({ room: 'history' });
    expect(await socket.emitWithAck('history:join')).toMatchObject({ ok: true });
  });

  it('has whoever may read less from now on come in anew, to less', async () => {
    const { token, account } = registry.open(['fleet:view', 'settings:manage']);
    const socket = gateway.socket(token);
    const families = async () => {
      const joined: Joined<HistoryPage> = await socket.emitWithAck('history:join');
      return joined.ok ? new Set(joined.snapshot.entries.map(({ family }) => family)) : joined;
    };
    expect(await families()).toContain('settings');
    const dirty = new Promise((resolve) => socket.once('room:dirty', resolve));
    await registry.permit(account.accountId, ['fleet:view']);
    expect(await dirty).toEqual({ room: 'history' });
    expect(await families()).not.toContain('settings');
  });
});
