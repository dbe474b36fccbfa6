import { randomUUID } from 'node:crypto';
import { factFamilies } from '@muster/contracts';
import { testDatabase, type TestDatabase, until } from '@muster/testing';
import { Column, type DataSource, Entity, type MigrationInterface, PrimaryColumn, type QueryRunner } from 'typeorm';
import { connectBeside, openDatabase } from './database.js';
import { listParked } from './parked.js';
import { type Projection, projection, takeStep } from './projection.js';
import { type Projections, startProjections } from './projector.js';
import { rebuild, rebuildable } from './rebuild.js';
import { numberPage } from './relay.js';
import { retryParked } from './retry-parked.js';
import { EventStore } from './store.js';
import { meta, registered, removed, renamed } from './store.fixture.js';

jest.setTimeout(30_000);

@Entity('nodes')
class NodeRow {
  @PrimaryColumn('uuid') nodeId!: string;
  @Column('text') name!: string;
  /** How often a fact of it was taken in: shows every repeat. */
  @Column('int') facts!: number;
}

class Nodes1764000000001 implements MigrationInterface {
  readonly name = 'Nodes1764000000001';
  async up(runner: QueryRunner) {
    await runner.query(
      'create table nodes ("nodeId" uuid primary key, name text not null, facts int not null, check (name <> \'unbearable\'))',
    );
  }
  async down(runner: QueryRunner) {
    await runner.query('drop table nodes');
  }
}

const nodes = projection(
  'nodes-1',
  factFamilies.node,
  async ({ type, data }, tx) => {
    switch (type) {
      case 'NodeRegistered':
        return tx.insert(NodeRow, { nodeId: data.nodeId, name: data.name, facts: 1 });
      case 'NodeRenamed':
        return tx.update(NodeRow, data.nodeId, { name: data.name, facts: () => 'facts + 1' });
      case 'NodeRemoved':
        return tx.delete(NodeRow, data.nodeId);
      default:
        return undefined;
    }
  },
  { tables: ['nodes'] },
);

describe('a projection', () => {
  let test: TestDatabase;
  let database: DataSource;
  let store: EventStore;
  let running: Projections | undefined;

  beforeEach(async () => {
    test = await testDatabase();
    database = await openDatabase({
      url: test.url,
      schema: 'registry',
      applicationName: 'test',
      entities: [NodeRow],
      migrations: [Nodes1764000000001],
    });
    store = new EventStore(database);
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
    await database.destroy();
    await test.drop();
  });

  /** What the relay does, without a bus. */
  const number = async () => {
    const client = await connectBeside(database, 'test relay');
    try {
      await until(
        async () => {
          await numberPage(client, 0);
          return client.query('select 1 from events where position is null');
        },
        ({ rowCount }) => rowCount === 0,
      );
    } finally {
      await client.end();
    }
    store.numbered();
  };
  const takeAll = async (projected: Projection<typeof factFamilies.node> = nodes) => {
    while ((await takeStep(store, projected)).read > 0) continue;
  };
  const rows = () => database.getRepository(NodeRow).find({ order: { name: 'ASC' } });
  const register = async (name: string) => {
    const nodeId = randomUUID();
    await store.append(`node-${nodeId}`, 0, [registered(nodeId, name)], meta());
    return nodeId;
  };

  it('fills its table with facts in order and remembers how far it came', async () => {
    const one = await register('one');
    await store.append(`node-${one}`, 1, [renamed(one, 'eins', 'one')], meta());
    const two = await register('two');
    await store.append(`node-${two}`, 1, [removed(two, 'two')], meta());
    await number();
    await takeAll();
    expect(await rows()).toEqual([{ nodeId: one, name: 'eins', facts: 2 }]);
    expect(await database.query('select projection, position from checkpoints')).toEqual([
      { projection: 'nodes-1', position: '4' },
    ]);
  });

  it('passes over facts of other families, and its checkpoint with them', async () => {
    await store.append('settings-gateway', 0, [{ type: 'AccessKeyShown', data: {} }], meta());
    await number();
    await takeAll();
    expect(await database.query('select position from checkpoints')).toEqual([{ position: '1' }]);
  });

  it('takes each fact in once, however many processes project at the same time', async () => {
    const nodeId = await register('many');
    for (let version = 1; version <= 20; version += 1)
      await store.append(`node-${nodeId}`, version, [renamed(nodeId, `many-${version}`)], meta());
    await number();
    await Promise.all(Array.from({ length: 4 }, () => takeAll()));
    expect(await rows()).toEqual([{ nodeId, name: 'many-20', facts: 21 }]);
  });

  it('moves table and checkpoint together or not at all', async () => {
    await register('whole');
    await number();
    const failing = projection('nodes-1', factFamilies.node, async (fact, tx) => {
      await nodes.project(fact, tx);
      // As when the process dies between the write and the commit.
      await tx.query('select pg_terminate_backend(pg_backend_pid())');
    });
    await expect(takeStep(store, failing)).rejects.toMatchObject({ name: 'Outage' });
    expect(await rows()).toEqual([]);
    await takeAll();
    expect((await rows()).map(({ facts }) => facts)).toEqual([1]);
  });

  it('keeps up by itself, and tells when it has caught up', async () => {
    running = startProjections(store, [nodes]);
    const nodeId = await register('live');
    await number();
    await running.caughtUp();
    expect(await rows()).toEqual([{ nodeId, name: 'live', facts: 1 }]);
    expect(running.positions()).toEqual(new Map([['nodes-1', 1]]));
  });

  it('says so when it cannot catch up in time', async () => {
    running = startProjections(store, [nodes]);
    await register('unnumbered');
    await expect(running.caughtUp(undefined, { withinMs: 50 })).rejects.toMatchObject({ name: 'Outage' });
    await expect(running.caughtUp(7, { withinMs: 50 })).rejects.toMatchObject({ name: 'Outage' });
  });

  it('goes on by itself after the database was away', async () => {
    const failures: unknown[] = [];
    running = startProjections(store, [nodes], { onFailure: (_name, error) => failures.push(error) });
    await test.refuseConnections(true);
    await test.cutConnections();
    await until(() => failures.length > 0);
    await test.refuseConnections(false);
    const nodeId = await until(() => register('after'), undefined, { withinMs: 5_000 });
    await number();
    await running.caughtUp(1);
    expect((await rows()).map((row) => row.nodeId)).toEqual([nodeId]);
  });

  describe('parks a stream', () => {
    it.each([
      ['of an unknown type', { type: 'NodePainted', data: {} }, 'NodePainted is an unknown type'],
      ['with a broken payload', { type: 'NodeRenamed', data: { name: 7 } }, 'NodeRenamed: data.nodeId:'],
    ])('at a fact %s, with the reason, while others go on', async (_what, broken, reason) => {
      const [sick, sound] = [await register('sick'), await register('sound')];
      await store.append(`node-${sick}`, 1, [broken], meta());
      await store.append(`node-${sick}`, 2, [renamed(sick, 'later', 'sick')], meta());
      await store.append(`node-${sound}`, 1, [renamed(sound, 'sounder', 'sound')], meta());
      await number();
      const parked: string[] = [];
      running = startProjections(store, [nodes], { onParked: (_name, fact) => parked.push(fact.stream) });
      await running.caughtUp();
      expect((await rows()).map(({ name }) => name)).toEqual(['sick', 'sounder']);
      expect(await listParked(database)).toMatchObject([
        { projection: 'nodes-1', stream: `node-${sick}`, position: 3, version: 2 },
      ]);
      expect((await listParked(database))[0]?.reason).toContain(reason);
      expect(parked).toEqual([`node-${sick}`]);
    });

    it('at a fact that its own code fails on, in the middle of a page', async () => {
      const [one, sick, two] = [await register('one'), await register('unbearable'), await register('two')];
      await store.append(`node-${sick}`, 1, [renamed(sick, 'mended', 'unbearable')], meta());
      await number();
      await takeAll();
      expect((await rows()).map(({ nodeId }) => nodeId).sort()).toEqual([one, two].sort());
      expect(await listParked(database)).toMatchObject([{ stream: `node-${sick}`, position: 2 }]);
      expect((await listParked(database))[0]?.reason).toContain('check constraint');
    });

    it('until it is tried again and everything that waited is taken in', async () => {
      const sick = await register('sick');
      await store.append(`node-${sick}`, 1, [{ type: 'NodeRenamed', data: { name: 'x' } }], meta());
      await store.append(`node-${sick}`, 2, [renamed(sick, 'well', 'x')], meta());
      await number();
      await takeAll();
      expect(await retryParked(store, nodes, `node-${sick}`)).toMatchObject({ outcome: 'still-parked' });
      expect(await listParked(database)).toMatchObject([
        {
          tries: 2,
          fact: { type: 'NodeRenamed', data: { name: 'x' } },
          reason: expect.stringContaining('data.nodeId'),
        },
      ]);

      await database.query('update events set data = $1 where version = 2', [renamed(sick, 'x', 'sick').data]);
      expect(await retryParked(store, nodes, `node-${sick}`)).toEqual({ outcome: 'goes-on', taken: 2 });
      expect(await listParked(database)).toEqual([]);
      expect(await rows()).toEqual([{ nodeId: sick, name: 'well', facts: 3 }]);
      expect(await retryParked(store, nodes, `node-${sick}`)).toEqual({ outcome: 'not-parked' });
    });
  });

  describe('rebuilt from the first fact', () => {
    const history = async () => {
      const [one, two] = [await register('one'), await register('two')];
      await store.append(`node-${one}`, 1, [renamed(one, 'eins', 'one')], meta());
      await store.append(`node-${two}`, 1, [removed(two, 'two')], meta());
      for (let index = 0; index < 250; index += 1) await register(`node-${index}`);
      await number();
      await takeAll();
    };

    it('is equal to the live one', async () => {
      await history();
      const before = await rows();
      const rebuilt = await rebuild(store, rebuildable(nodes));
      expect(rebuilt).toMatchObject({ position: 254, same: true });
      expect(await rows()).toEqual(before);
    });

    it('mends a table that somebody has changed, and says that it did', async () => {
      await history();
      const before = await rows();
      await database.query(`update nodes set name = 'forged' where name = 'eins'`);
      await database.query(`delete from nodes where name = 'node-7'`);
      expect(await rebuild(store, rebuildable(nodes))).toMatchObject({ same: false });
      expect(await rows()).toEqual(before);
      expect((await rebuild(store, rebuildable(nodes))).same).toBe(true);
    });

    it('goes on from there, and leaves nothing beside', async () => {
      await history();
      running = startProjections(store, [nodes]);
      await rebuild(store, rebuildable(nodes));
      const late = await register('zz late');
      await number();
      await running.caughtUp();
      expect((await rows()).at(-1)).toEqual({ nodeId: late, name: 'zz late', facts: 1 });
      expect(await test.query(`select nspname from pg_namespace where nspname like 'rebuild%'`)).toEqual([]);
    });

    it('is rebuilt while facts go on coming in, and misses none', async () => {
      await history();
      running = startProjections(store, [nodes]);
      let rebuilding = true;
      const late: string[] = [];
      const writing = (async () => {
        while (rebuilding) {
          late.push(await register(`late-${late.length}`));
          await number();
        }
      })();
      try {
        expect((await rebuild(store, rebuildable(nodes))).same).toBe(true);
      } finally {
        rebuilding = false;
        await writing;
      }
      await running.caughtUp();
      const present = (await rows()).map(({ nodeId }) => nodeId);
      expect(present).toEqual(expect.arrayContaining(late));
      expect((await rebuild(store, rebuildable(nodes))).same).toBe(true);
    });

    it('needs to know its tables', async () => {
      const unnamed = projection('unnamed', factFamilies.node, () => Promise.resolve());
      await expect(rebuild(store, rebuildable(unnamed))).rejects.toThrow('does not say which tables it fills');
    });

    it('is refused while another one is under way, which goes on undisturbed', async () => {
      await register('one');
      await number();
      await takeAll();
      let goOn: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (goOn = resolve));
      const held: Projection<typeof factFamilies.node> = {
        ...nodes,
        project: async (fact, tx) => {
          await gate;
          return nodes.project(fact, tx);
        },
      };
      const first = rebuild(store, rebuildable(held));
      await until(
        () => test.query(`select nspname from pg_namespace where nspname like 'rebuild%'`),
        (schemas) => schemas.length === 1,
      );
      await expect(rebuild(store, rebuildable(nodes))).rejects.toMatchObject({ code: 'rebuild-running' });
      goOn();
      expect((await first).same).toBe(true);
    });
  });
});
