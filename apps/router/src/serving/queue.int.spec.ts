import { answering, until } from '@muster/testing';
import { World, type WorldNode } from '../router.fixture.js';

describe('when every slot is in use', () => {
  let world: World;
  let node: WorldNode;

  beforeAll(async () => {
    world = await World.open({ MUSTER_ROUTER_QUEUE_MS: '2500' });
    node = await world.addNode('gpu-1', [{ slots: 2 }]);
  });
  afterAll(() => world.close());
  afterEach(async () => {
    node.scripted.script = answering();
    await until(async () => (await world.chat()).status === 200, undefined, { withinMs: 20_000 });
  });

  const statuses = (answers: readonly Response[]) => {
    const counts: Record<number, number> = {};
    for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  };

  it('of 500 requests on 2 slots, 2 are served, 30 wait their time, and the others hear at once when to come again', async () => {
    node.scripted.script = answering({ firstTokenMs: 6_000 });
    node.scripted.mostInFlight = 0;
    const took: number[] = [];
    const sentMs = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 500 }, async () => {
        const answer = await world.chat();
        if (answer.status === 503) took.push(performance.now() - sentMs);
        return answer;
      }),
    );
    expect(statuses(answers)).toEqual({ 200: 2, 504: 30, 503: 468 });
    expect(node.scripted.mostInFlight).toBe(2);
    const [full] = answers.filter(({ status }) => status === 503);
    expect(Number(full?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await full?.json()).toMatchObject({ error: { code: 'queue_full', type: 'server_error' } });
    const [late] = answers.filter(({ status }) => status === 504);
    expect(await late?.json()).toMatchObject({ error: { code: 'queue_timeout' } });
    // All 500 were sent in one moment: the last of them was told long before any slot became free.
    expect(Math.max(...took)).toBeLessThan(5_000);
    const ends = await Promise.all(answers.map(({ headers }) => world.finished(headers.get('x-request-id') ?? '')));
    expect(ends.filter(({ error }) => error === 'queue-full')).toHaveLength(468);
    expect(ends.filter(({ error }) => error === 'queue-timeout')).toHaveLength(30);
  }, 60_000);

  it('a key that floods waits behind itself, and others have their turn', async () => {
    node.scripted.script = answering({ firstTokenMs: 100 });
    const { key: other } = await world.addKey();
    await until(async () => (await world.chat({}, { key: other })).status === 200);
    const order: string[] = [];
    const asks = (name: string, key: string, count: number) =>
      Array.from({ length: count }, () => world.chat({}, { key }).then(() => order.push(name)));
    const flood = asks('flood', world.key, 24);
    await until(() => node.scripted.inFlight === 2);
    const few = asks('few', other, 4);
    await Promise.all(few);
    expect(order.filter((name) => name === 'flood').length).toBeLessThan(20);
    await Promise.all(flood);
  });

  it('a stream hears where it stands, in lines that clients pass over, and is then served', async () => {
    node.scripted.script = answering({ firstTokenMs: 1_800 });
    const first = [world.chat(), world.chat()];
    await until(() => node.scripted.inFlight === 2);
    const answer = await world.chat({ stream: true });
    const text = await answer.text();
    expect(text).toMatch(/^: waiting for a slot, place 1 of 1\n\n/);
    expect(text).toMatch(/data: \[DONE\]\n\n$/);
    const end = await world.finished(answer.headers.get('x-request-id') ?? '');
    expect(end.outcome).toBe('completed');
    expect(end.queueMs).toBeGreaterThan(500);
    const started = world.told.find(({ type, data }) => type === 'RequestStarted' && data.requestId === end.requestId);
    expect(started?.data.nodeId).toBeUndefined();
    await Promise.all(first);
  });

  it('a stream that waited for nothing is told so as an event', async () => {
    node.scripted.script = answering({ firstTokenMs: 4_000 });
    const first = [world.chat(), world.chat()];
    await until(() => node.scripted.inFlight === 2);
    const text = await (await world.chat({ stream: true })).text();
    expect(text).toMatch(/event: error\ndata: .*"code":"queue_timeout".*\n\n$/);
    await Promise.all(first);
  }, 40_000);

  it('a client that leaves the queue gives up its place', async () => {
    node.scripted.script = answering({ firstTokenMs: 1_500 });
    const first = [world.chat(), world.chat()];
    await until(() => node.scripted.inFlight === 2);
    const leaving = new AbortController();
    const left = world.chat({}, { signal: leaving.signal }).catch(() => undefined);
    await until(() => world.told.filter(({ type }) => type === 'RequestStarted').at(-1)?.data.nodeId === undefined);
    leaving.abort();
    await left;
    await until(() => world.ends().at(-1)?.error === 'client-left');
    const calls = node.scripted.calls.length;
    await Promise.all(first);
    expect(node.scripted.calls).toHaveLength(calls);
  });

  it('a model that sleeps is woken by a request, and one that starts is waited for', async () => {
    await node.tell({ executors: [{ slots: 2, asleep: true }] });
    await until(async () => stateOf(world).then((state) => state === 'asleep'));
    expect((await world.chat()).status).toBe(200);
    await node.tell({ executors: [{ slots: 2, state: 'starting' }] });
    await until(async () => stateOf(world).then((state) => state === 'starting'));
    const waiting = world.chat();
    await until(() => world.told.at(-1)?.type === 'RequestStarted');
    await node.tell({ executors: [{ slots: 2 }] });
    expect((await waiting).status).toBe(200);
  });

  it('is another thing than when a model is offline, or nobody has it', async () => {
    await node.tell({ executors: [{ slots: 2, state: 'failed' }] });
    await until(async () => stateOf(world).then((state) => state === 'offline'));
    const offline = await world.chat();
    expect([offline.status, offline.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await offline.json()).toMatchObject({ error: { code: 'model_offline' } });
    const unknown = await world.chat({ model: 'nobody' });
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({
      error: { code: 'model_not_found', message: 'There is no model "nobody". There is: "tiny".', param: 'model' },
    });
    await node.tell({ executors: [{ slots: 2 }] });
  });

  it('is nothing while another monitor takes the node over: the router goes on with what it last knew', async () => {
    const since = new Date().toISOString();
    await node.tell({ link: { phase: 'connecting', since }, executors: [] });
    // What is told after it has come means that it has come too.
    const other = await world.addNode('other', [{ model: 'other' }]);
    expect((await world.chat()).status).toBe(200);
    await node.tell({ link: { phase: 'down', cause: 'unreachable', since } });
    await until(async () => stateOf(world).then((state) => state === 'offline'));
    expect(await (await world.chat()).json()).toMatchObject({ error: { code: 'model_offline' } });
    await other.tell({ link: { phase: 'down', cause: 'unreachable', since }, executors: [] });
    await node.tell({ link: { phase: 'up', since, frames: 'in-time' }, executors: [{ slots: 2 }] });
    await world.knows(['tiny']);
  });

  it('is another thing than a model of which nobody can know yet, since a node is still to tell', async () => {
    const since = new Date().toISOString();
    const late = await world.addNode('late', [], undefined, { phase: 'connecting', since });
    await until(async () => (await world.chat({ model: 'nobody' })).status !== 404);
    const awaited = await world.chat({ model: 'nobody' });
    expect([awaited.status, awaited.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await awaited.json()).toMatchObject({ error: { code: 'starting' } });
    await late.tell({ link: { phase: 'down', cause: 'unreachable', since } });
    await until(async () => (await world.chat({ model: 'nobody' })).status === 404);
  });
});

async function stateOf(world: World): Promise<string | undefined> {
  const answer = await fetch(`${world.url}/v1/models/tiny`, { headers: { authorization: `Bearer ${world.key}` } });
  return ((await answer.json()) as { muster?: { state: string } }).muster?.state;
}
