import { randomUUID } from 'node:crypto';
import type { HealthEvent } from '@muster/contracts';
import { EventStore, openDatabase } from '@muster/event-store';
import { RandomIds } from '@muster/service';
import { type TestDatabase, testDatabase, until } from '@muster/testing';
import type { DataSource } from 'typeorm';
import { HealthFacts } from './health-facts.js';

jest.setTimeout(60_000);

const at = '2026-11-23T12:00:00.000Z';
const lost = (nodeId: string): HealthEvent => ({ type: 'NodeLost', data: { nodeId, cause: 'closed', at } });
const changed = (nodeId: string): HealthEvent => ({
  type: 'NodeStatusChanged',
  data: { nodeId, to: { colour: 'green', reason: 'healthy', words: 'Healthy', clears: '', since: at }, at },
});

describe('what is observed of nodes', () => {
  let test: TestDatabase;
  let database: DataSource;
  let store: EventStore;
  const troubles: unknown[] = [];
  const open = () => new HealthFacts(store, new RandomIds(), (error) => troubles.push(error));
  const stored = async (nodeId: string) => (await store.read(`health-${nodeId}`)).facts;

  beforeAll(async () => {
    test = await testDatabase();
    database = await openDatabase({ url: test.url, schema: 'monitor', applicationName: 'monitor' });
    store = new EventStore(database);
  });
  afterAll(async () => {
    await database.destroy();
    await test.drop();
  });

  it('is appended in order', async () => {
    const facts = open();
    const nodeId = randomUUID();
    facts.tell(nodeId, [lost(nodeId)]);
    facts.tell(nodeId, [changed(nodeId), lost(nodeId)]);
    await until(async () => (await stored(nodeId)).length === 3);
    expect((await stored(nodeId)).map(({ type }) => type)).toEqual(['NodeLost', 'NodeStatusChanged', 'NodeLost']);
    await facts.stop();
  });

  it('is appended under the order that led to it, once for each order, between what is observed', async () => {
    const facts = open();
    const [nodeId, otherId] = [randomUUID(), randomUUID()];
    const meta = {
      actor: { kind: 'account' as const, id: 'a', name: 'ann' },
      commandId: randomUUID(),
      correlationId: randomUUID(),
    };
    const ordered = (about: string): HealthEvent => ({
      type: 'ExecutorOrdered',
      data: { nodeId: about, executorId: 'e', model: 'm', order: 'start', at },
    });
    facts.tell(nodeId, [lost(nodeId)]);
    facts.order(nodeId, ordered(nodeId), meta);
    facts.order(nodeId, ordered(nodeId), meta);
    facts.tell(nodeId, [changed(nodeId)]);
    await until(async () => (await stored(nodeId)).length === 3);
    const told = await stored(nodeId);
    expect(told.map(({ type }) => type)).toEqual(['NodeLost', 'ExecutorOrdered', 'NodeStatusChanged']);
    expect(told[0]).toMatchObject({ meta: { actor: { id: 'monitor' } } });
    expect(told[1]).toMatchObject({ meta });
    // The same id given for another node: told all the same, under an id of its own.
    facts.order(otherId, ordered(otherId), meta);
    await until(async () => (await stored(otherId)).length === 1);
    expect(await stored(otherId)).toMatchObject([{ meta: { actor: meta.actor } }]);
    await facts.stop();
  });

  it('goes on where another monitor was', async () => {
    const [one, two] = [open(), open()];
    const nodeId = randomUUID();
    one.tell(nodeId, [lost(nodeId)]);
    await until(async () => (await stored(nodeId)).length === 1);
    two.tell(nodeId, [lost(nodeId)]);
    await until(async () => (await stored(nodeId)).length === 2);
    one.forget(nodeId);
    one.tell(nodeId, [lost(nodeId)]);
    await until(async () => (await stored(nodeId)).length === 3);
    await Promise.all([one.stop(), two.stop()]);
  });

  it('waits for the database, each fact once, and counts what there is no room for', async () => {
    const facts = open();
    const nodeId = randomUUID();
    await test.refuseConnections(true);
    await test.cutConnections();
    facts.tell(nodeId, [lost(nodeId)]);
    await until(() => troubles.length > 0);
    for (let turn = 0; turn < 70; turn++) facts.tell(nodeId, [turn === 69 ? changed(nodeId) : lost(nodeId)]);
    await test.refuseConnections(false);
    await until(async () => (await stored(nodeId)).length === 65, Boolean, { withinMs: 15_000 });
    expect((await stored(nodeId)).at(-1)?.data).toMatchObject({ leftOut: 6 });
    await facts.stop();
  });

  it('is given up after a while when the monitor stops and the database is away', async () => {
    const facts = open();
    const nodeId = randomUUID();
    await test.refuseConnections(true);
    await test.cutConnections();
    facts.tell(nodeId, [lost(nodeId)]);
    const startedMs = performance.now();
    await facts.stop(200);
    expect(performance.now() - startedMs).toBeLessThan(7_000);
    await test.refuseConnections(false);
  });
});
