import { factFamilies } from '@muster/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { faultProxy, type TestNats, testNats, until } from '@muster/testing';
import { factAt, noticedBus, positions, publishFacts, uuid } from './bus.fixture.js';

jest.setTimeout(60_000);

const within20 = { withinMs: 20_000 };

describe('following facts', () => {
  let nats: TestNats;
  let bus: Awaited<ReturnType<typeof noticedBus>>;
  let seen: number[];

  beforeEach(async () => {
    nats = await testNats();
    bus = await noticedBus(nats.url);
    await bus.assertStreams();
    seen = [];
  });

  afterEach(async () => {
    await bus.close({ finishMs: 100 });
    await nats.stop();
  });

  const follow = () => bus.followFacts([factFamilies.node], ({ position }) => void seen.push(position));
  const publish = (from: number, to: number) =>
    until(() => publishFacts(bus, from, to).then(() => true), undefined, within20);

  it('gives all that is there, says so, and gives what comes', async () => {
    await publishFacts(bus, 1, 300);
    const { caughtUp } = await follow();
    await caughtUp;
    expect(seen).toEqual(positions(1, 300));
    await publishFacts(bus, 301, 310);
    await until(() => seen.length === 310);
    expect(seen).toEqual(positions(1, 310));
  });

  it('is caught up at once where there is nothing', async () => {
    await (
      await follow()
    ).caughtUp;
    expect(seen).toEqual([]);
  });

  it('gives several families, each as itself', async () => {
    const account = {
      ...factAt(2),
      stream: `account-${uuid(5)}`,
      type: 'AccountCreated',
      data: {
        accountId: uuid(5),
        name: 'Zoë',
        permissions: [],
        at: '2026-11-23T12:00:00.000Z',
      },
    };
    await bus.publishFact(factAt(1), { after: undefined });
    await bus.publishFact(account, { after: undefined });
    const types: string[] = [];
    const { node, account: accounts, settings } = factFamilies;
    const following = await bus.followFacts([node, accounts, settings], ({ type }) => void types.push(type));
    await following.caughtUp;
    expect(types.sort()).toEqual(['AccountCreated', 'NodeActivated']);
  });

  it('goes on after a restart of the server without a repeat', async () => {
    await publishFacts(bus, 1, 5);
    await (
      await follow()
    ).caughtUp;
    await nats.restart();
    await publish(6, 8);
    await until(() => seen.length >= 8, undefined, within20);
    expect(seen).toEqual(positions(1, 8));
  });

  it('goes on after the store was lost and filled again, without a repeat', async () => {
    await publishFacts(bus, 1, 5);
    await (
      await follow()
    ).caughtUp;
    await nats.wipe();
    await publish(1, 8);
    await until(() => seen.length >= 8, undefined, within20);
    expect(seen).toEqual(positions(1, 8));
  });

  it('goes on when the stream is removed while the connection holds', async () => {
    await publishFacts(bus, 1, 3);
    await (
      await follow()
    ).caughtUp;
    const raw = await connect({ servers: new URL(nats.url).host });
    await (await jetstreamManager(raw)).streams.delete('FLEET');
    await raw.close();
    await publish(1, 5);
    await until(() => seen.length >= 5, undefined, within20);
    expect(seen).toEqual(positions(1, 5));
  });

  it('misses nothing over cuts of the wire while facts come', async () => {
    const proxy = await faultProxy({ host: '127.0.0.1', port: nats.port });
    const far = await noticedBus(`nats://127.0.0.1:${proxy.port}`);
    await far.followFacts([factFamilies.node], ({ position }) => void seen.push(position));
    const publishing = publishFacts(bus, 1, 400);
    for (const count of [50, 150, 250]) {
      await until(() => seen.length >= count, undefined, within20);
      proxy.cut();
    }
    await publishing;
    await until(() => seen.length >= 400, undefined, within20);
    expect(seen).toEqual(positions(1, 400));
    await far.close();
    await proxy.close();
  });

  it('begins when the bus comes, if it is away at first', async () => {
    await publishFacts(bus, 1, 2);
    await nats.kill();
    await until(() => bus.state === 'down');
    const { caughtUp } = await follow();
    await nats.restart();
    await caughtUp;
    expect(seen).toEqual([1, 2]);
  });

  it('tells what the handler fails on, and goes on', async () => {
    await publishFacts(bus, 1, 3);
    const following = await bus.followFacts([factFamilies.node], ({ position }) => {
      if (position === 2) throw new Error('odd');
      seen.push(position);
    });
    await following.caughtUp;
    expect(seen).toEqual([1, 3]);
    expect(bus.notices).toContainEqual(expect.objectContaining({ notice: 'handler-failed', error: new Error('odd') }));
  });

  it('gives nothing more once it is stopped', async () => {
    const following = await follow();
    await following.caughtUp;
    await following.stop();
    await publishFacts(bus, 1, 1);
    const other = await bus.followFacts([factFamilies.node], () => undefined);
    await other.caughtUp;
    expect(seen).toEqual([]);
  });
});
