import { randomUUID } from 'node:crypto';
import { type Bus, connectBus } from '@muster/bus';
import {
  ChangeNode,
  ListProjections,
  ListRegistryParked,
  ReadHealthFacts,
  ReadHistory,
  ReadRegistryStore,
  RebuildProjection,
  type RebuildStep,
  RegisterNode,
  RetryRegistryParked,
} from '@muster/contracts';
import { EventStore, openDatabase, readNumbered, type Relay, startRelay } from '@muster/event-store';
import { testDatabase, type TestDatabase, testNats, type TestNats, until } from '@muster/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { DataSource } from 'typeorm';
import { Asker, machine, newSecret, refusalOf, startRegistry } from '../registry.fixture.js';

jest.setTimeout(90_000);

const within20 = { withinMs: 20_000 };
const at = '2026-11-23T12:00:00.000Z';

/** The monitor's store and its relay, and its answer to whoever asks for facts: what the registry needs of a monitor. */
class HealthStore {
  private constructor(
    readonly store: EventStore,
    private readonly database: DataSource,
    private readonly relay: Relay,
    private readonly bus: Bus,
  ) {}

  static async open({ url }: TestDatabase, natsUrl: string): Promise<HealthStore> {
    const database = await openDatabase({ url, schema: 'monitor', applicationName: 'monitor' });
    const store = new EventStore(database);
    const bus = await connectBus({ servers: natsUrl, name: 'monitor' });
    await bus.assertStreams();
    const relay = startRelay(store, bus, { streams: ['HEALTH'] });
    await bus.answer(ReadHealthFacts, async ({ after, limit, stream }) => ({
      facts: await readNumbered(database, after, limit, stream),
    }));
    return new HealthStore(store, database, relay, bus);
  }

  /** Appends a fact about a node that was lost `times` times before. */
  lost(nodeId: string, times: number, type = 'NodeLost'): Promise<unknown> {
    const meta = { actor: { kind: 'gateway', id: 'monitor', name: 'Monitor' }, correlationId: randomUUID() } as const;
    const event = { type, data: { nodeId, cause: 'refused', at } };
    return this.store.append(`health-${nodeId}`, times, [event], { ...meta, commandId: randomUUID() });
  }

  async close(): Promise<void> {
    await this.relay.stop();
    await this.bus.close();
    await this.database.destroy();
  }
}

describe('the registry’s store', () => {
  let database: TestDatabase;
  let nats: TestNats;
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  let asker: Asker;
  let health: HealthStore;
  let places: Parameters<typeof startRegistry>[0];

  beforeEach(async () => {
    [database, nats] = await Promise.all([testDatabase(), testNats()]);
    places = { databaseUrl: database.url, natsUrl: nats.url, secret: newSecret() };
    registry = await startRegistry(places);
    asker = await Asker.open(places);
    health = await HealthStore.open(database, nats.url);
    await asker.createFirstAccount();
  });
  afterEach(async () => {
    await health.close();
    await asker.close();
    await registry.stop();
    await nats.stop();
    await database.drop();
  });

  const register = async (name: string): Promise<string> => {
    const nodeId = randomUUID();
    const { fingerprint, steps } = machine();
    const answering = await asker.verifyAnswers(() => steps);
    await asker.ask(RegisterNode, { nodeId, name, host: `${name}.lab`, port: 8022, fingerprint });
    await answering.stop();
    return nodeId;
  };
  const told = async (nodeId: string): Promise<string[]> =>
    (await asker.ask(ReadHistory, { filter: { node: nodeId }, limit: 500 })).entries.map(({ type }) => type).reverse();
  const tells = (nodeId: string, count: number) =>
    until(
      () => told(nodeId),
      (types) => types.length === count,
      within20,
    );
  const parked = async () => (await asker.ask(ListRegistryParked, {})).parked;
  /** As somebody would do who works on the table by hand. */
  const byHand = async (nodeId: string, type: string, data: object) => {
    const [{ version } = { version: 0 }] = await database.query<{ version: number }>(
      'select max(version)::int as version from registry.events where stream_id = $1',
      [`node-${nodeId}`],
    );
    await database.query(
      `insert into registry.events (stream_id, version, id, command_id, type, schema_version, data, meta)
       select $1, $2, $3, $4, $5, 1, $6, meta from registry.events where stream_id = $1 and version = 1`,
      [`node-${nodeId}`, version + 1, randomUUID(), randomUUID(), type, data],
    );
  };
  const rebuild = async (projection: string): Promise<RebuildStep> => {
    const caller = {
      actor: { kind: 'gateway', id: 'rebuild', name: 'Rebuild' } as const,
      permissions: ['settings:manage' as const],
      ...{ commandId: randomUUID(), correlationId: randomUUID() },
    };
    let last: RebuildStep | undefined;
    for await (const step of asker.bus.askStream(RebuildProjection, { projection }, caller)) last = step;
    if (last === undefined) throw new Error('The rebuild told nothing');
    return last;
  };

  it('parks the stream of a fact of unknown type while others go on, shows it, and lets it go on once it is cured', async () => {
    const [sick, sound] = [await register('sick'), await register('sound')];
    await tells(sick, 3);
    await byHand(sick, 'NodePainted', { nodeId: sick, colour: 'red', at });
    await byHand(sick, 'NodeRenamed', { nodeId: sick, name: 'later', from: 'sick', at });
    await asker.ask(ChangeNode, { nodeId: sound, name: 'sounder' });
    await tells(sound, 4);
    const [waiting] = await until(parked, (all) => all.length === 1, within20);
    expect(waiting).toMatchObject({
      ...{ service: 'registry', projection: 'history', stream: `node-${sick}`, version: 4, tries: 1, retry: true },
      ...{ type: 'NodePainted', reason: 'NodePainted is an unknown type' },
    });
    expect(waiting?.raw).toContain('"colour": "red"');
    expect(await asker.ask(ReadRegistryStore, {})).toMatchObject({ parked: 1 });
    expect(await told(sick)).toHaveLength(3);

    const retry = () => asker.ask(RetryRegistryParked, { projection: 'history', stream: `node-${sick}` });
    expect(await retry()).toEqual({ outcome: 'still-parked', reason: 'NodePainted is an unknown type' });
    expect(await parked()).toMatchObject([{ tries: 2 }]);

    // The cure: as a release that knows the type would, or a hand that mends the row.
    await database.query(`update registry.events set type = 'NodeActivated' where type = 'NodePainted'`);
    expect(await retry()).toEqual({ outcome: 'goes-on', taken: 2 });
    expect(await told(sick)).toHaveLength(5);
    expect(await parked()).toEqual([]);
    expect(await retry()).toEqual({ outcome: 'not-parked' });
  });

  it('parks the stream of a health fact that nobody can read, and asks its owner for what waited', async () => {
    const [sick, sound] = [await register('sick'), await register('sound')];
    await health.lost(sick, 0, 'NodeSneezed');
    await health.lost(sick, 1);
    await health.lost(sound, 0);
    await tells(sound, 4);
    expect(await parked()).toMatchObject([{ projection: 'history-health', stream: `health-${sick}`, version: 1 }]);
    await database.query(`update monitor.events set type = 'NodeLost' where type = 'NodeSneezed'`);
    const retried = await asker.ask(RetryRegistryParked, { projection: 'history-health', stream: `health-${sick}` });
    expect(retried).toEqual({ outcome: 'goes-on', taken: 2 });
    expect((await told(sick)).slice(3)).toEqual(['NodeLost', 'NodeLost']);
  });

  it('has the facts of health from their owner where the bus keeps them no more', async () => {
    const nodeId = await register('old');
    for (let times = 0; times < 5; times += 1) await health.lost(nodeId, times);
    await tells(nodeId, 8);
    await registry.stop();
    await database.query(`delete from registry.history where family = 'health';
      delete from registry.checkpoints where projection = 'history-health'; delete from registry.stream_places`);
    const raw = await connect({ servers: new URL(nats.url).host });
    await (await jetstreamManager(raw)).streams.purge('HEALTH');
    await raw.close();
    registry = await startRegistry(places);
    await tells(nodeId, 8);
    // And where only a part is missing.
    await health.lost(nodeId, 5);
    await tells(nodeId, 9);
  });

  it('tells which read models can be rebuilt, and refuses one that is none', async () => {
    const { projections } = await asker.ask(ListProjections, {});
    expect(projections.map(({ name }) => name)).toEqual(['history', 'accounts']);
    expect((await refusalOf(rebuild('nothing'))).code).toBe('projection-unknown');
  });

  it('rebuilds the timeline from both stores: what was right stays, what was changed by hand is mended', async () => {
    const nodeId = await register('one');
    for (let times = 0; times < 3; times += 1) await health.lost(nodeId, times);
    await tells(nodeId, 6);
    const before = await told(nodeId);
    // Facts of one millisecond, of which the tests before have some, may stand in another order than they came in live.
    expect(await rebuild('history')).toMatchObject({ step: 'swapped', parked: 0 });
    expect(await rebuild('history')).toMatchObject({ step: 'swapped', same: true, parked: 0 });
    await database.query(`update registry.history set type = 'NodeForged' where type = 'NodeRegistered'`);
    await database.query(`delete from registry.history where type = 'NodeLost'`);
    expect(await rebuild('history')).toMatchObject({ step: 'swapped', same: false });
    expect(await told(nodeId)).toEqual(before);
    expect(await rebuild('history')).toMatchObject({ same: true });
    await asker.ask(ChangeNode, { nodeId, name: 'two' });
    await tells(nodeId, 7);
  });

  it('rebuilds the accounts without a touch on what refers to them', async () => {
    const rows = () => database.query('select * from registry.accounts');
    const credentials = () => database.query('select * from registry.credentials');
    const [before, passwords] = [await rows(), await credentials()];
    expect(passwords).toHaveLength(1);
    expect(await rebuild('accounts')).toMatchObject({ step: 'swapped', same: true });
    await database.query(`update registry.accounts set name = 'Mallory', permissions = '{}'`);
    const mended = await rebuild('accounts');
    expect(mended).toMatchObject({ same: false });
    expect(await rows()).toEqual(before);
    expect(await credentials()).toEqual(passwords);
  });
});
