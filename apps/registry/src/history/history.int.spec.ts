import { randomUUID } from 'node:crypto';
import {
  type Actor,
  allPermissions,
  ChangeAccessKey,
  ChangeNode,
  DeactivateNode,
  type Fact,
  HistoryEntry,
  type HistoryFilter,
  type HistoryGrew,
  type NodeView,
  type Permission,
  ReadFleetAt,
  ReadHistory,
  RegisterNode,
  RemoveNode,
  type Status,
} from '@muster/contracts';
import { testDatabase, type TestDatabase, testNats, type TestNats, until } from '@muster/testing';
import type { DataSource } from 'typeorm';
import { openRegistryDatabase } from '../database.js';
import { Asker, machine, newSecret, refusalOf, startRegistry } from '../registry.fixture.js';
import { readFleetAt, readPage } from './history.query.js';
import { takeIn } from './history.table.js';

const MONITOR: Actor = { kind: 'gateway', id: 'monitor', name: 'Monitor' };
const meta = (actor: Actor) => ({ actor, commandId: randomUUID(), correlationId: randomUUID() });

describe('the timeline of a running registry', () => {
  let database: TestDatabase;
  let nats: TestNats;
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  let asker: Asker;
  const nodeId = randomUUID();
  const heard: HistoryGrew[] = [];
  const ask = (filter: HistoryFilter = {}, more: { before?: string; limit?: number } = {}) =>
    asker.ask(ReadHistory, { filter, ...more });
  const types = async (filter: HistoryFilter = {}) => (await ask(filter)).entries.map(({ type }) => type);
  const fleetAt = async (at: string): Promise<NodeView[]> => {
    const caller = {
      actor: MONITOR,
      permissions: [...allPermissions],
      commandId: randomUUID(),
      correlationId: randomUUID(),
    };
    const nodes: NodeView[] = [];
    for await (const part of asker.bus.askStream(ReadFleetAt, { at }, caller)) nodes.push(...part.nodes);
    return nodes;
  };

  beforeAll(async () => {
    [database, nats] = await Promise.all([testDatabase(), testNats()]);
    const places = { databaseUrl: database.url, natsUrl: nats.url, secret: newSecret() };
    registry = await startRegistry(places);
    asker = await Asker.open(places);
    asker.bus.onHistory((grew) => heard.push(grew));
    const { fingerprint, steps } = machine();
    await asker.verifyAnswers(() => steps);
    await asker.createFirstAccount();
    await asker.ask(RegisterNode, { nodeId, name: 'gpu-04', host: 'gpu-04.lab', port: 8022, fingerprint });
    await asker.ask(ChangeNode, { nodeId, name: 'brisk-otter' });
    await asker.ask(ChangeAccessKey, {});
    await asker.ask(DeactivateNode, { nodeId });
    await until(
      () => types(),
      // The last one by itself: with no activated node left the change of the access key is over.
      (all) => all.length === 11,
      { withinMs: 10_000 },
    );
  }, 60_000);
  afterAll(async () => {
    await asker.close();
    await registry.stop();
    await nats.stop();
    await database.drop();
  });

  it('holds every fact of every family once, newest first', async () => {
    const { entries, older } = await ask();
    expect(older).toBeNull();
    expect(new Set(entries.map(({ id }) => id)).size).toBe(11);
    expect(entries[1]).toMatchObject({ type: 'NodeDeactivated', subject: { kind: 'node', name: 'brisk-otter' } });
    expect(entries.map(({ type }) => type)).toEqual([
      'AccessKeyRotationEnded',
      'NodeDeactivated',
      'AccessKeyChanged',
      'NodeRenamed',
      'NodeActivated',
      'NodeCertificatePinned',
      'NodeRegistered',
      'AccountSignedIn',
      'AccountPasswordSet',
      'AccountCreated',
      'AccessKeyChanged',
    ]);
  });

  it('names whom a fact is about as they were called then', async () => {
    const { entries } = await ask({ node: nodeId });
    expect(entries.map(({ subject }) => subject.name)).toEqual([
      ...['brisk-otter', 'brisk-otter', 'gpu-04', 'gpu-04', 'gpu-04'],
    ]);
  });

  it('is read page by page without a hole and without an entry twice', async () => {
    const all = (await ask()).entries.map(({ id }) => id);
    const read: string[] = [];
    let before: string | undefined;
    do {
      const page = await ask({}, { limit: 3, ...(before === undefined ? {} : { before }) });
      read.push(...page.entries.map(({ id }) => id));
      before = page.older ?? undefined;
    } while (before !== undefined);
    expect(read).toEqual(all);
  });

  it('is narrowed by node, family, kind, actor, words and time', async () => {
    expect(await types({ family: 'settings' })).toEqual([
      'AccessKeyRotationEnded',
      'AccessKeyChanged',
      'AccessKeyChanged',
    ]);
    expect(await types({ kind: 'NodeRenamed' })).toEqual(['NodeRenamed']);
    expect(await types({ text: 'BRISK renamed' })).toEqual(['NodeRenamed']);
    expect(await types({ text: 'no such words' })).toEqual([]);
    expect(await types({ actor: 'ada', family: 'node' })).toHaveLength(5);
    expect(await types({ actor: 'nobody' })).toEqual([]);
    const [deactivated] = (await ask({ kind: 'NodeDeactivated' })).entries;
    const at = deactivated?.at ?? '';
    expect(await types({ from: at })).toEqual(['AccessKeyRotationEnded', 'NodeDeactivated']);
    expect(await types({ to: at })).toHaveLength(10);
  });

  it('shows facts of access only to whoever may manage what they are about', async () => {
    const seenWith = async (...permissions: Permission[]) =>
      new Set((await asker.ask(ReadHistory, { filter: {} }, { permissions })).entries.map(({ family }) => family));
    expect(await seenWith('fleet:view')).toEqual(new Set(['node']));
    expect(await seenWith('fleet:view', 'accounts:manage')).toEqual(new Set(['node', 'account']));
    expect(await seenWith('fleet:view', 'settings:manage')).toEqual(new Set(['node', 'settings']));
    const refused = await refusalOf(
      asker.ask(ReadHistory, { filter: { family: 'account' } }, { permissions: ['fleet:view'] }),
    );
    expect(refused.code).toBe('not-permitted');
    expect((await refusalOf(asker.ask(ReadHistory, { filter: {} }, { permissions: [] }))).code).toBe('not-permitted');
  });

  it('tells each entry that joins, numbered', async () => {
    await until(
      () => heard.length,
      (count) => count >= 9,
    );
    expect(heard.map(({ seq }) => seq)).toEqual(heard.map((_, index) => index + (heard[0]?.seq ?? 1)));
    expect(heard.at(-1)?.entry).toEqual((await ask()).entries[0]);
  });

  it('shows the fleet as it was known at each moment', async () => {
    const { entries } = await ask({ node: nodeId });
    const atOf = (type: string) => entries.find((entry) => entry.type === type)?.at ?? '';
    const justBefore = (at: string) => new Date(Date.parse(at) - 1).toISOString();
    expect(await fleetAt(justBefore(atOf('NodeRegistered')))).toEqual([]);
    // Of one append, yet a busy machine may write the facts in different milliseconds.
    const [registered] = await fleetAt(atOf('NodeActivated'));
    expect(registered).toMatchObject({ name: 'gpu-04', activated: true, status: { reason: 'connecting' } });
    const [renamed] = await fleetAt(atOf('NodeRenamed'));
    expect(renamed).toMatchObject({ name: 'brisk-otter', activated: true, host: 'gpu-04.lab', port: 8022 });
    const [off] = await fleetAt(new Date().toISOString());
    expect(off).toMatchObject({ activated: false, status: { colour: 'grey', reason: 'deactivated' } });
    await asker.ask(RemoveNode, { nodeId });
    await until(
      () => fleetAt(new Date().toISOString()),
      (nodes) => nodes.length === 0,
    );
    expect(await fleetAt(atOf('NodeRenamed'))).toHaveLength(1);
  });
});

describe('the table of the timeline', () => {
  let place: TestDatabase;
  let database: DataSource;
  const nodeId = randomUUID();
  let position = 0;

  beforeAll(async () => {
    place = await testDatabase();
    database = await openRegistryDatabase(place.url, () => undefined);
  }, 30_000);
  afterAll(async () => {
    await database.destroy();
    await place.drop();
  });

  const second = (at: number) => new Date(Date.UTC(2026, 10, 23, 12, 0, at)).toISOString();
  const status = (reason: Status['reason'], colour: Status['colour'], at: number): Status => ({
    ...{ reason, colour, words: reason, clears: '', since: second(at) },
  });
  const take = (family: 'node' | 'health', type: string, data: object, at: number) => {
    position += 1;
    const fact = {
      ...{ id: randomUUID(), stream: `${family}-${nodeId}`, version: position, position, at: second(at) },
      ...{ type, data: { nodeId, ...data, at: second(at) }, meta: meta(MONITOR) },
    } satisfies Fact;
    return { fact, taken: database.transaction((tx) => takeIn(family, fact, tx)) };
  };
  const statusAt = async (at: number) => (await readFleetAt(database, second(at)))[0]?.status.reason;

  it('takes a fact that comes again, and again at the same moment, once', async () => {
    const { fact, taken } = take(
      'node',
      'NodeRegistered',
      { name: 'gpu', host: 'gpu', port: 8022, found: 'by-hand' },
      0,
    );
    const again = () => database.transaction((tx) => takeIn('node', fact, tx));
    const entries = await Promise.all([taken, again(), again()]);
    expect(entries.filter((entry) => entry !== undefined)).toHaveLength(1);
    expect(await again()).toBeUndefined();
  });

  it('takes a fact whose page the bus brings again from its beginning, even below its position', async () => {
    const { fact, taken } = take('node', 'NodeActivated', {}, 1);
    await taken;
    const late = { ...fact, id: randomUUID(), position: 1, stream: `node-${randomUUID()}` };
    expect(await database.transaction((tx) => takeIn('node', late, tx))).toBeDefined();
  });

  it('shows the last status told before a moment, and nothing told under an earlier activation', async () => {
    await take('health', 'NodeConnected', { version: '1.0.0', run: randomUUID() }, 2).taken;
    await take('health', 'NodeStatusChanged', { to: status('healthy', 'green', 3) }, 3).taken;
    await take('health', 'NodeLost', { cause: 'refused' }, 5).taken;
    await take('health', 'NodeStatusChanged', { to: status('refused', 'red', 6) }, 6).taken;
    await take('node', 'NodeDeactivated', {}, 8).taken;
    await take('node', 'NodeActivated', {}, 10).taken;
    expect(await Promise.all([1, 2, 3, 4, 5, 6, 8, 10].map(statusAt))).toEqual([
      ...['connecting', 'settling', 'healthy', 'healthy', 'refused', 'refused', 'deactivated', 'connecting'],
    ]);
    const [node] = await readFleetAt(database, second(4));
    expect(node).toMatchObject({ name: 'gpu', nodeVersion: '1.0.0', executors: [] });
  });

  it('shows the executors as they were told last under the activation of that time', async () => {
    const change = (executorId: string, to: string, at: number) =>
      take('health', 'ExecutorChanged', { executorId, model: executorId, to }, at).taken;
    await change('qwen', 'starting', 11);
    await change('llama', 'online', 12);
    await change('qwen', 'online', 13);
    await change('llama', 'failed', 14);
    const then = async (at: number) =>
      (await readFleetAt(database, second(at)))[0]?.executors.map(({ model, state }) => `${model} ${state}`);
    expect(await Promise.all([10, 11, 12, 13, 14].map(then))).toEqual([
      [],
      ['qwen starting'],
      ['llama online', 'qwen starting'],
      ['llama online', 'qwen online'],
      ['llama failed', 'qwen online'],
    ]);
    await take('node', 'NodeDeactivated', {}, 15).taken;
    await take('node', 'NodeActivated', {}, 16).taken;
    expect(await then(16)).toEqual([]);
  });

  it('is searched by index where a group of three letters can be, and takes signs of patterns as letters', async () => {
    await take('node', 'NodeRenamed', { name: '100%_\\otter', from: 'gpu' }, 17).taken;
    const found = async (text: string) =>
      (await readPage(database, { filter: { text }, families: ['node'], before: undefined, limit: 10 })).entries.length;
    expect(await Promise.all(['100%_', '%_\\ot', '100_%', 'ott', 'otters', '0%'].map(found))).toEqual([
      1, 1, 0, 1, 0, 1,
    ]);
    const plan = JSON.stringify(
      await database.transaction(async (tx) => {
        await tx.query('set local enable_seqscan = off');
        return tx.query(`explain select id from history where searched like '%nowhere%'`);
      }),
    );
    expect(plan).toContain('history_searched');
  });

  it('ends a page before it is too heavy for one message', async () => {
    const pem = 'x'.repeat(8_000);
    const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':');
    for (let at = 20; at < 90; at += 1)
      await take('node', 'NodeCertificatePinned', { certificate: { fingerprint, pem } }, at).taken;
    const { entries, older } = await readPage(database, {
      ...{ filter: { kind: 'NodeCertificatePinned' }, families: ['node'], before: undefined, limit: 100 },
    });
    expect(entries.length).toBeGreaterThan(30);
    expect(entries.length).toBeLessThan(60);
    expect(older).not.toBeNull();
    expect(HistoryEntry.parse(entries[0]).type).toBe('NodeCertificatePinned');
  });
});
