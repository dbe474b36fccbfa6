import { randomUUID } from 'node:crypto';
import { type Bus, connectBus } from '@muster/bus';
import { type Fact, factFamilies, type NodeEvent } from '@muster/contracts';
import { testDatabase, type TestDatabase, type TestNats, testNats, until } from '@muster/testing';
import type { DataSource } from 'typeorm';
import { openDatabase } from './database.js';
import { meta, registered } from './store.fixture.js';
import { startStreamProjection, streamPlaceOf } from './stream-projection.js';

jest.setTimeout(60_000);

const within20 = { withinMs: 20_000 };

describe('a read model that is filled from the bus', () => {
  let test: TestDatabase;
  let nats: TestNats;
  let database: DataSource;
  let bus: Bus;
  let lastId: string | undefined;

  beforeEach(async () => {
    [test, nats] = await Promise.all([testDatabase(), testNats()]);
    database = await openDatabase({ url: test.url, schema: 'served', applicationName: 'served' });
    await database.query('create table counted (position bigint primary key, times int not null)');
    bus = await connectBus({ servers: nats.url, name: 'test' });
    await bus.assertStreams();
    lastId = undefined;
  });

  afterEach(async () => {
    await bus.close();
    await database.destroy();
    await Promise.all([test.drop(), nats.stop()]);
  });

  const publish = async (from: number, to: number) => {
    for (let position = from; position <= to; position += 1) {
      const nodeId = randomUUID();
      const fact: Fact<NodeEvent> = {
        ...registered(nodeId),
        id: randomUUID(),
        stream: `node-${nodeId}`,
        version: 1,
        position,
        at: '2026-11-23T12:00:00.000Z',
        meta: meta(),
      };
      await bus.publishFact(fact, { after: lastId });
      lastId = fact.id;
    }
  };

  /** Counts how often each fact takes effect. A crash comes after the effect, before its commit. */
  const count = (crashes = { left: 0 }) =>
    startStreamProjection(bus, database, {
      name: 'counted',
      family: factFamilies.node,
      most: 4,
      project: async (facts, tx) => {
        for (const { position } of facts)
          await tx.query(
            `insert into counted values ($1, 1) on conflict (position) do update set times = counted.times + 1`,
            [position],
          );
        crashes.left -= 1;
        if (crashes.left >= 0) throw new Error('The process died here');
      },
    });
  const counted = () =>
    database.query<{ facts: string; times: string }[]>(
      'select count(*) as facts, coalesce(sum(times), 0) as times from counted',
    );
  const standsAt = (sequence: number) =>
    until(
      () => streamPlaceOf(database, 'counted'),
      (place) => place?.sequence === sequence,
      within20,
    );

  it('stands at no place before its first fact, and then at the last one that took effect', async () => {
    await expect(streamPlaceOf(database, 'counted')).resolves.toBeUndefined();
    await publish(1, 10);
    count();
    await standsAt(10);
    await expect(counted()).resolves.toEqual([{ facts: '10', times: '10' }]);
  });

  it('keeps neither effect nor place of what fails half way, and takes it in once in the end', async () => {
    await publish(1, 9);
    count({ left: 3 });
    await standsAt(9);
    await expect(counted()).resolves.toEqual([{ facts: '9', times: '9' }]);
  });

  it('counts each fact once, by two readers at a time', async () => {
    count();
    count();
    await publish(1, 40);
    await standsAt(40);
    await expect(counted()).resolves.toEqual([{ facts: '40', times: '40' }]);
  });

  it('goes on where it was after its sessions were killed', async () => {
    await publish(1, 5);
    count();
    await standsAt(5);
    await test.cutConnections();
    await publish(6, 8);
    await standsAt(8);
    await expect(counted()).resolves.toEqual([{ facts: '8', times: '8' }]);
  });
});
