import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Outage } from '@muster/contracts';
import { faultProxy, type TestNats, testNats, until } from '@muster/testing';
import { connectBus } from './bus.js';
import { noticedBus } from './bus.fixture.js';

jest.setTimeout(60_000);

describe('the connection', () => {
  let nats: TestNats;

  beforeEach(async () => {
    nats = await testNats();
  });

  afterEach(async () => {
    await nats.stop();
  });

  it('is given up after a bounded first try, in words that carry no password', async () => {
    const servers = 'nats://muster:hunter2@127.0.0.1:1';
    const began = performance.now();
    const refused = connectBus({ servers, name: 'test', firstTryMs: 500 });
    await expect(refused).rejects.toEqual(new Outage('bus', 'No NATS server answers at 127.0.0.1:1'));
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  it('is made when the server comes a little later', async () => {
    await nats.kill();
    const connecting = noticedBus(nats.url);
    await nats.restart();
    const bus = await connecting;
    expect(bus.state).toBe('up');
    await bus.close();
  });

  it('is refused where JetStream is off, in words that say what to do', async () => {
    const info = {
      server_id: 'x',
      version: '2.9.10',
      headers: true,
      max_payload: 1_048_576,
      proto: 1,
      go: '',
      host: '127.0.0.1',
      port: 1,
    };
    // The first lines of the protocol, and nothing more of it, is all that a server of another make needs to say here.
    const other = createServer((socket) => {
      socket.write(`INFO ${JSON.stringify(info)}\r\n`);
      socket.on('data', (bytes) => {
        if (bytes.includes('PING')) socket.write('PONG\r\n');
      });
      socket.on('error', () => undefined);
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(connectBus({ servers: `nats://127.0.0.1:${port}`, name: 'test' })).rejects.toThrow(
      'The NATS server runs without JetStream; start it with --jetstream',
    );
    other.close();
  });

  it('comes back by itself, and tells how long it was away', async () => {
    const bus = await noticedBus(nats.url);
    const states: string[] = [];
    bus.onState((state) => void states.push(state));
    await nats.kill();
    await until(() => bus.state === 'down');
    await nats.restart();
    await until(() => bus.state === 'up', undefined, { withinMs: 10_000 });
    expect(states).toEqual(['down', 'up']);
    expect(bus.notices.map(({ notice }) => notice)).toEqual(['disconnected', 'reconnected']);
    await bus.close();
  });

  it('is known to be lost when the server freezes without a word, by pings that nobody answers', async () => {
    const bus = await noticedBus(nats.url);
    nats.pause();
    // 15 s after the last answer on an idle machine.
    await until(() => bus.state === 'down', undefined, { withinMs: 40_000 });
    nats.resume();
    await until(() => bus.state === 'up', undefined, { withinMs: 10_000 });
    await bus.close();
  }, 60_000);

  it('comes back soon once the wire is whole again, though tries got stuck on it', async () => {
    const proxy = await faultProxy({ host: '127.0.0.1', port: nats.port });
    const bus = await noticedBus(`nats://127.0.0.1:${proxy.port}`);
    proxy.set({ blackhole: true });
    proxy.cut();
    await until(() => bus.state === 'down');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    proxy.set({ blackhole: false });
    await until(() => bus.state === 'up', undefined, { withinMs: 7_000 });
    await bus.close();
    await proxy.close();
  });

  it('closes in bounded time when the server is away', async () => {
    const bus = await noticedBus(nats.url);
    await nats.kill();
    const began = performance.now();
    await bus.close();
    expect(performance.now() - began).toBeLessThan(6_000);
  });
});
