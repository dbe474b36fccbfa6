import { openDatabase } from '@muster/event-store';
import { type TestDatabase, testDatabase, until } from '@muster/testing';
import type { DataSource } from 'typeorm';
import { Leases1764000100000 } from '../migrations/1764000100000-leases.js';
import { Leases } from './leases.js';
import { SHARDS } from './shards.js';

jest.setTimeout(60_000);

const times = { ttlMs: 1_000, renewEveryMs: 200, marginMs: 300 };

describe('the leases of the shards', () => {
  let test: TestDatabase;
  let database: DataSource;
  const all: Leases[] = [];
  const problems: unknown[] = [];

  const leases = (holder: string, monotonicMs = () => performance.now()) => {
    const made = new Leases({ database, holder, monotonicMs, times, onError: (error) => problems.push(error) });
    all.push(made);
    return made;
  };
  const together = (...each: Leases[]) => each.flatMap((one) => [...one.held().keys()]);

  beforeAll(async () => {
    test = await testDatabase();
    database = await openDatabase({
      url: test.url,
      schema: 'monitor',
      applicationName: 'monitor',
      migrations: [Leases1764000100000],
    });
  });
  afterEach(async () => {
    await Promise.all(all.splice(0).map((each) => each.stop()));
  });
  afterAll(async () => {
    await database.destroy();
    await test.drop();
  });

  it('are all held by the only monitor', async () => {
    const one = leases('one');
    await one.start();
    expect(one.held().size).toBe(SHARDS);
  });

  it('are shared out when a second one comes, and no shard is ever held by both', async () => {
    const [one, two] = [leases('one'), leases('two')];
    await one.start();
    await two.start();
    const watching = setInterval(() => {
      const held = together(one, two);
      if (new Set(held).size !== held.length) problems.push('a shard is held twice');
    }, 5);
    await until(() => one.held().size === SHARDS / 2 && two.held().size === SHARDS / 2);
    clearInterval(watching);
    expect(new Set(together(one, two)).size).toBe(SHARDS);
    expect(problems).toEqual([]);
  });

  it('are taken over with a higher token when their holder gives them back', async () => {
    const [one, two] = [leases('one'), leases('two')];
    await one.start();
    const before = new Map(one.held());
    await one.stop();
    await two.start();
    expect(two.held().size).toBe(SHARDS);
    for (const [shard, token] of two.held()) expect(token).toBeGreaterThan(before.get(shard) ?? 0);
  });

  it('run out for a holder that can not renew them, before anybody else may take them', async () => {
    let aheadMs = 0;
    const one = leases('one', () => performance.now() + aheadMs);
    await one.start();
    expect(one.held().size).toBe(SHARDS);
    aheadMs = times.ttlMs - times.marginMs;
    expect(one.held().size).toBe(0);
  });

  it('come back after the database was away, and problems are told', async () => {
    const one = leases('one');
    await one.start();
    await test.refuseConnections(true);
    await test.cutConnections();
    await until(() => one.held().size === 0);
    await test.refuseConnections(false);
    await until(() => one.held().size === SHARDS);
    expect(problems.splice(0).length).toBeGreaterThan(0);
  });

  it('of a monitor that died are taken over as soon as they run out, not a turn later', async () => {
    const lasting = { ttlMs: 1_500, renewEveryMs: 1_400, marginMs: 300 };
    await database.query(
      `update leases set holder = 'dead', expires_at = clock_timestamp() + interval '1600 milliseconds'`,
    );
    await database.query(`insert into monitors (monitor_id, seen_at) values ('dead', clock_timestamp())`);
    const one = new Leases({
      ...{ database, holder: 'one', monotonicMs: () => performance.now(), times: lasting },
      onError: (error) => problems.push(error),
    });
    all.push(one);
    await one.start();
    const startedMs = performance.now();
    await until(() => one.held().size === SHARDS);
    // The second turn comes after 1.4 s and the third would come after 2.8 s.
    expect(performance.now() - startedMs).toBeLessThan(2_600);
  });

  it('of a monitor that died are taken over', async () => {
    await database.query(`update leases set holder = 'dead', expires_at = clock_timestamp() + interval '1 second'`);
    await database.query(`insert into monitors (monitor_id, seen_at) values ('dead', clock_timestamp())`);
    const one = leases('one');
    await one.start();
    expect(one.held().size).toBe(0);
    await until(() => one.held().size === SHARDS);
  });
});
