import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { answering, until } from '@muster/testing';
import { World } from '../router.fixture.js';

/** Every message id that the stream holds. */
async function stored(world: World): Promise<string[]> {
  const nc = await connect({ servers: new URL(world.nats.url).host });
  try {
    const jsm = await jetstreamManager(nc);
    const { state } = await jsm.streams.info('REQUESTS');
    const ids: string[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1)
      ids.push((await jsm.streams.getMessage('REQUESTS', { seq }))?.header.get('Nats-Msg-Id') ?? '');
    return ids;
  } finally {
    await nc.close();
  }
}

describe('facts about requests', () => {
  let world: World;

  beforeEach(async () => {
    world = await World.open();
    await world.addNode('gpu-1');
  });
  afterEach(() => world.close());

  const spooled = () => readdirSync(join(world.folder, 'facts')).length;
  const chats = async (count: number) => {
    const ids = [];
    for (let n = 0; n < count; n += 1) {
      const answer = await world.chat();
      expect(answer.status).toBe(200);
      ids.push(answer.headers.get('x-request-id') ?? '');
    }
    return ids;
  };
  const both = (ids: readonly string[]) => ids.flatMap((id) => [`${id}.finished`, `${id}.started`]).sort();

  it('say nothing of what was asked or answered', async () => {
    await world.chat({ messages: [{ role: 'user', content: 'my dearest secret' }] });
    await until(() => world.ends().length === 1);
    expect(JSON.stringify(world.told)).not.toMatch(/dearest|w0 w1/);
  });

  it('are told once the bus is back, each once, and meanwhile requests are served', async () => {
    const before = await chats(3);
    await until(async () => (await stored(world)).length === 6);
    await world.nats.kill();
    const away = await chats(20);
    await until(() => spooled() > 0);
    await world.nats.restart();
    const all = both([...before, ...away]);
    await until(async () => (await stored(world)).length >= all.length, undefined, { withinMs: 25_000 });
    const after = await chats(2);
    await until(async () => (await stored(world)).length >= all.length + 4, undefined, { withinMs: 25_000 });
    expect((await stored(world)).sort()).toEqual([...all, ...both(after)].sort());
    await until(() => spooled() === 0);
  }, 90_000);

  it('outlast a router that ends while the bus is away', async () => {
    await chats(1);
    await until(async () => (await stored(world)).length === 2);
    await world.nats.kill();
    const away = await chats(5);
    await world.router.stop();
    expect(spooled()).toBeGreaterThan(0);
    await world.nats.restart();
    await world.startRouter();
    await until(async () => (await stored(world)).length === 12, undefined, { withinMs: 25_000 });
    expect(await stored(world)).toEqual(expect.arrayContaining(both(away)));
  }, 90_000);

  it('are told of a bus that froze in the middle, each once', async () => {
    const load = Promise.all(Array.from({ length: 40 }, () => world.chat()));
    world.nats.pause();
    const answers = await load;
    const ids = answers.map(({ headers }) => headers.get('x-request-id') ?? '');
    world.nats.resume();
    const begunAndEnded = async () => (await stored(world)).filter((id) => !id.includes('.dispatched.'));
    await until(async () => (await begunAndEnded()).length >= 80, undefined, { withinMs: 40_000 });
    expect((await begunAndEnded()).sort()).toEqual(both(ids));
  }, 90_000);

  it('tell the end of every request that a router which stops still had', async () => {
    const node = await world.addNode('slow', [{ model: 'slow', slots: 1 }], answering({ tokens: 10_000, tokenMs: 50 }));
    const streams = [world.chat({ model: 'slow', stream: true }), world.chat({ model: 'slow' })];
    await until(() => node.scripted.inFlight === 1);
    await until(() => world.told.length === 2);
    const stopped = world.router.stop();
    const [stream, whole] = await Promise.all(streams);
    expect(await stream?.text()).toContain('router_stopping');
    expect(whole?.status).toBe(503);
    await stopped;
    await until(() => world.ends().length === 2);
    expect(
      world
        .ends()
        .map(({ outcome }) => outcome)
        .sort(),
    ).toEqual(['failed', 'refused']);
    await world.startRouter();
  }, 60_000);

  it('are counted in the pulse, and the sums agree', async () => {
    const pulses: { accepted: number; finished: number; inFlight: number; turnedAway: number }[] = [];
    const listening = world.bus.onRouterPulses((pulse) => pulses.push(pulse));
    await chats(3);
    await world.chat({ model: 'nobody' });
    await world.post('/v1/chat/completions', 'no json');
    await until(() => pulses.at(-1)?.accepted === 4);
    expect(pulses.at(-1)).toMatchObject({ accepted: 4, finished: 4, inFlight: 0, queued: 0, factsLost: 0 });
    expect(pulses.at(-1)?.turnedAway).toBeGreaterThanOrEqual(1);
    await listening.stop();
  });
});
