import { randomUUID } from 'node:crypto';
import { factFamilies, Refusal } from '@muster/contracts';
import { testDatabase, type TestDatabase } from '@muster/testing';
import * as fc from 'fast-check';
import type { DataSource } from 'typeorm';
import * as z from 'zod/mini';
import { openDatabase } from './database.js';
import { BrokenFact, ReservationTaken } from './failures.js';
import { handlerFor } from './handler.js';
import { EventStore } from './store.js';
import { meta, namedNode, registered, renamed, reserveName } from './store.fixture.js';

jest.setTimeout(30_000);

describe('the command loop', () => {
  let test: TestDatabase;
  let database: DataSource;
  let store: EventStore;
  const handler = () => handlerFor(store, factFamilies.node, namedNode, { reserve: reserveName });

  beforeAll(async () => {
    test = await testDatabase();
    database = await openDatabase({ url: test.url, schema: 'registry', applicationName: 'test' });
    store = new EventStore(database);
  });
  afterAll(async () => {
    await database.destroy();
    await test.drop();
  });

  const registeredNode = async (name: string = randomUUID()) => {
    const nodeId = randomUUID();
    await handler()(nodeId, { type: 'register', nodeId, name }, meta());
    return nodeId;
  };

  it('appends what was decided and tells the version', async () => {
    const nodeId = randomUUID();
    const handled = await handler()(nodeId, { type: 'register', nodeId, name: 'first' }, meta());
    expect(handled).toEqual({ version: 1, facts: [registered(nodeId, 'first')] });
    expect((await store.read(`node-${nodeId}`)).version).toBe(1);
  });

  it('says nothing when nothing is new', async () => {
    const nodeId = await registeredNode('same');
    expect(await handler()(nodeId, { type: 'rename', nodeId, name: 'same' }, meta())).toEqual({
      version: 1,
      facts: [],
    });
  });

  it('throws what the decider refuses, and appends nothing', async () => {
    const nodeId = randomUUID();
    await expect(handler()(nodeId, { type: 'rename', nodeId, name: 'x' }, meta())).rejects.toThrow(Refusal);
    expect((await store.read(`node-${nodeId}`)).version).toBe(0);
  });

  it('returns the first result of a repeated command, whatever has become of the aggregate since', async () => {
    const nodeId = await registeredNode();
    const same = meta();
    const first = await handler()(nodeId, { type: 'rename', nodeId, name: 'renamed' }, same);
    await handler()(nodeId, { type: 'remove', nodeId }, meta());
    const again = await handler()(nodeId, { type: 'rename', nodeId, name: 'renamed' }, same);
    expect(again.version).toBe(first.version);
    expect(again.facts).toMatchObject(first.facts);
    expect((await store.read(`node-${nodeId}`)).version).toBe(3);
  });

  it('returns the first result to each of many that bring the same command at once', async () => {
    const nodeId = await registeredNode();
    const same = meta();
    const all = await Promise.all(
      Array.from({ length: 6 }, () => handler()(nodeId, { type: 'rename', nodeId, name: `six-${nodeId}` }, same)),
    );
    expect(all.map(({ version }) => version)).toEqual(Array.from({ length: 6 }, () => 2));
    expect((await store.read(`node-${nodeId}`)).version).toBe(2);
  });

  it('decides again when another writer was quicker, and loses no command', async () => {
    const nodeId = await registeredNode();
    const names = Array.from({ length: 8 }, (_, index) => `name-${index}-${nodeId}`);
    await Promise.all(names.map((name) => handler()(nodeId, { type: 'rename', nodeId, name }, meta())));
    const { facts } = await store.read(`node-${nodeId}`);
    expect(facts.map(({ version }) => version)).toEqual(Array.from({ length: 9 }, (_, index) => index + 1));
    expect(facts.slice(1).map(({ data }) => (data as { name: string }).name)).toEqual(expect.arrayContaining(names));
  });

  it('refuses when the caller has seen another version, and tells the current one', async () => {
    const nodeId = await registeredNode();
    await handler()(nodeId, { type: 'rename', nodeId, name: `two-${nodeId}` }, meta(), { expectedVersion: 1 });
    const late = handler()(nodeId, { type: 'rename', nodeId, name: `three-${nodeId}` }, meta(), { expectedVersion: 1 });
    await expect(late).rejects.toMatchObject({ code: 'version-conflict', detail: { currentVersion: 2 } });
  });

  it('lets exactly one of two callers win who have seen the same version', async () => {
    const nodeId = await registeredNode();
    const rename = (name: string) =>
      handler()(nodeId, { type: 'rename', nodeId, name }, meta(), { expectedVersion: 1 });
    const both = await Promise.allSettled([rename(`a-${nodeId}`), rename(`b-${nodeId}`)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const lost = both.find((one) => one.status === 'rejected');
    expect(lost?.reason).toMatchObject({ code: 'version-conflict', detail: { currentVersion: 2 } });
  });

  it('holds a name for one node, whatever its letter case, and frees it with the node', async () => {
    const name = `Lab ${randomUUID()}`;
    const nodeId = await registeredNode(name);
    await expect(registeredNode(name.toUpperCase())).rejects.toThrow(ReservationTaken);
    await handler()(nodeId, { type: 'remove', nodeId }, meta());
    await registeredNode(name.toUpperCase());
  });

  it('lets a node change the letter case of its own name', async () => {
    const name = `Case ${randomUUID()}`;
    const nodeId = await registeredNode(name);
    await handler()(nodeId, { type: 'rename', nodeId, name: name.toUpperCase() }, meta());
    await expect(registeredNode(name)).rejects.toThrow(ReservationTaken);
  });

  it('never lets two present nodes have one name, whatever is asked in whatever order', async () => {
    const names = ['a', 'A', 'b', 'B'];
    const step = fc.record({
      node: fc.nat({ max: 2 }),
      type: fc.constantFrom('register' as const, 'rename' as const, 'remove' as const),
      name: fc.constantFrom(...names),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { maxLength: 6 }), async (rounds) => {
        const run = randomUUID();
        const ids = [randomUUID(), randomUUID(), randomUUID()];
        for (const round of rounds) {
          await Promise.allSettled(
            round.map(({ node, type, name }) => {
              const nodeId = ids[node] ?? '';
              return handler()(nodeId, { type, nodeId, name: `${name}-${run}` }, meta());
            }),
          );
        }
        const present: string[] = [];
        for (const id of ids) {
          const { facts } = await store.read(`node-${id}`);
          const last = facts.at(-1);
          if (last && last.type !== 'NodeRemoved') present.push((last.data as { name: string }).name.toLowerCase());
        }
        expect(new Set(present).size).toBe(present.length);
        const held = await test.query<{ key: string }>(
          `select key from registry.reservations where stream_id = any($1)`,
          [ids.map((id) => `node-${id}`)],
        );
        expect(held.map(({ key }) => key).sort()).toEqual(present.sort());
      }),
      { numRuns: 25 },
    );
  });

  describe('on a long stream', () => {
    const state = z.union([
      z.object({ status: z.literal('unknown') }),
      z.object({ status: z.literal('present'), name: z.string() }),
      z.object({ status: z.literal('removed') }),
    ]);
    const withSnapshot = (reducer: string) =>
      handlerFor(store, factFamilies.node, namedNode, { reserve: reserveName, snapshot: { reducer, schema: state } });
    const kept = async (nodeId: string) =>
      (
        await database.query<{ reducer: string; version: number; state: unknown }[]>(
          'select reducer, version, state from snapshots where stream_id = $1',
          [`node-${nodeId}`],
        )
      )[0];

    /** A node with 250 facts, the 2nd of them a command whose meta is returned. */
    const longLived = async () => {
      const nodeId = await registeredNode(`long-${randomUUID()}`);
      const second = meta();
      await store.append(`node-${nodeId}`, 1, [renamed(nodeId, `x-${nodeId}`)], second);
      for (let version = 2; version < 250; version += 62) {
        const names = Array.from({ length: 62 }, (_, index) => renamed(nodeId, `n-${version + index}-${nodeId}`));
        await store.append(`node-${nodeId}`, version, names, meta());
      }
      return { nodeId, second };
    };

    it('reads from its snapshot on, and decides as if it had read everything', async () => {
      const { nodeId } = await longLived();
      const rename = (name: string) => withSnapshot('named-1')(nodeId, { type: 'rename', nodeId, name }, meta());
      expect(await rename(`one-${nodeId}`)).toMatchObject({
        version: 251,
        facts: [{ data: { from: `n-249-${nodeId}` } }],
      });
      expect(await kept(nodeId)).toMatchObject({ version: 250, state: { name: `n-249-${nodeId}` } });
      // What the snapshot covers is not read any more.
      await database.query(`update events set type = 'NodePainted' where stream_id = $1 and version = 100`, [
        `node-${nodeId}`,
      ]);
      expect(await rename(`two-${nodeId}`)).toMatchObject({
        version: 252,
        facts: [{ data: { from: `one-${nodeId}` } }],
      });
      expect(await rename(`two-${nodeId}`)).toEqual({ version: 252, facts: [] });
    });

    it('still knows a repeated command whose facts lie before the snapshot', async () => {
      const { nodeId, second } = await longLived();
      await withSnapshot('named-1')(nodeId, { type: 'rename', nodeId, name: `one-${nodeId}` }, meta());
      const again = await withSnapshot('named-1')(nodeId, { type: 'remove', nodeId }, second);
      expect(again).toMatchObject({ version: 2, facts: [{ type: 'NodeRenamed', data: { name: `x-${nodeId}` } }] });
    });

    it('still refuses whoever has seen another version', async () => {
      const { nodeId } = await longLived();
      const command = { type: 'rename' as const, nodeId, name: `one-${nodeId}` };
      await withSnapshot('named-1')(nodeId, command, meta());
      const late = withSnapshot('named-1')(nodeId, { ...command, name: 'late' }, meta(), { expectedVersion: 250 });
      await expect(late).rejects.toMatchObject({ code: 'version-conflict', detail: { currentVersion: 251 } });
    });

    it('leaves a snapshot of another edition aside, and one that does not fit', async () => {
      const { nodeId } = await longLived();
      const rename = (reducer: string, name: string) =>
        withSnapshot(reducer)(nodeId, { type: 'rename', nodeId, name: `${name}-${nodeId}` }, meta());
      await rename('named-1', 'one');
      await database.query(`update snapshots set state = '{"status":"removed"}' where stream_id = $1`, [
        `node-${nodeId}`,
      ]);
      expect(await rename('named-2', 'two')).toMatchObject({ version: 252 });
      expect(await kept(nodeId)).toMatchObject({ version: 251, state: { name: `one-${nodeId}` } });
      await database.query(`update snapshots set state = '{"status":"odd"}' where stream_id = $1`, [`node-${nodeId}`]);
      expect(await rename('named-2', 'three')).toMatchObject({ version: 253 });
      expect(await kept(nodeId)).toMatchObject({ version: 252, state: { name: `two-${nodeId}` } });
    });

    it('keeps nothing of a short one', async () => {
      const nodeId = await registeredNode(`short-${randomUUID()}`);
      await withSnapshot('named-1')(nodeId, { type: 'rename', nodeId, name: `one-${nodeId}` }, meta());
      expect(await kept(nodeId)).toBeUndefined();
    });
  });

  it('stops at a history that it can not read, and says where', async () => {
    const nodeId = await registeredNode();
    await store.append(`node-${nodeId}`, 1, [{ type: 'NodePainted', data: { nodeId } }], meta());
    const reading = handler()(nodeId, { type: 'remove', nodeId }, meta());
    await expect(reading).rejects.toThrow(BrokenFact);
    await expect(reading).rejects.toMatchObject({ version: 2, reason: 'NodePainted is an unknown type' });
  });

  it('reads an old shape through its upcast', async () => {
    const nodeId = randomUUID();
    const old = { ...registered(nodeId, 'old').data, address: 'gpu-01.lab:8022', host: undefined, port: undefined };
    await store.append(`node-${nodeId}`, 0, [{ type: 'NodeRegistered', data: old }], meta());
    const today = new EventStore(database, {
      upcast: (stored) => {
        const { address, ...rest } = stored.data;
        if (typeof address !== 'string') return stored;
        const [host, port] = address.split(':');
        return { ...stored, data: { ...rest, host, port: Number(port) } };
      },
    });
    const handled = await handlerFor(today, factFamilies.node, namedNode)(
      nodeId,
      { type: 'rename', nodeId, name: 'new' },
      meta(),
    );
    expect(handled).toMatchObject({ version: 2, facts: [{ data: { from: 'old' } }] });
  });
});
