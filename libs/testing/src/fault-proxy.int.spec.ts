import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type FaultProxy, faultProxy } from './fault-proxy.js';
import { until } from './until.js';

describe('faultProxy', () => {
  let echo: Server;
  let proxy: FaultProxy;
  const clients: Socket[] = [];

  const open = async () => {
    const client = connect(proxy.port, proxy.host);
    clients.push(client);
    client.on('error', () => undefined);
    await once(client, 'connect');
    return client;
  };
  /** Whether it was reset, once it is closed. */
  const closing = (client: Socket) => new Promise<boolean>((resolve) => client.once('close', resolve));
  const answer = async (client: Socket, text: string) => {
    client.write(text);
    const [data] = (await once(client, 'data')) as [Buffer];
    return String(data);
  };

  beforeEach(async () => {
    echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    proxy = await faultProxy({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port });
  });
  afterEach(async () => {
    clients.splice(0).forEach((client) => client.destroy());
    await proxy.close();
    await new Promise((resolve) => echo.close(resolve));
  });

  it('passes bytes on both ways, and the end', async () => {
    const client = await open();
    expect(await answer(client, 'hello')).toBe('hello');
    client.end();
    await once(client, 'close');
    await until(
      () => proxy.connections,
      (count) => count === 0,
    );
  });

  it('delays each piece by the latency, both ways', async () => {
    const client = await open();
    proxy.set({ latencyMs: 60 });
    const before = performance.now();
    await answer(client, 'late');
    expect(performance.now() - before).toBeGreaterThanOrEqual(115);
  });

  it('carries no more than the bandwidth', async () => {
    const client = await open();
    proxy.set({ bytesPerSecond: 10_000 });
    const before = performance.now();
    await answer(client, 'x'.repeat(1_000));
    expect(performance.now() - before).toBeGreaterThanOrEqual(190);
  });

  it('cuts pieces into slices', async () => {
    const client = await open();
    proxy.set({ sliceBytes: 2, latencyMs: 5 });
    expect(await answer(client, 'abcd')).toBe('ab');
  });

  it('loses what is sent into the black hole and carries again after it', async () => {
    const client = await open();
    proxy.set({ blackhole: true });
    client.write('lost');
    const silent = await Promise.race([
      once(client, 'data').then(() => 'spoke'),
      new Promise((resolve) => setTimeout(resolve, 100, 'silent')),
    ]);
    expect(silent).toBe('silent');
    proxy.heal();
    expect(await answer(client, 'back')).toBe('back');
  });

  it('resets the connection after the byte limit', async () => {
    const client = await open();
    proxy.set({ limitBytes: 8 });
    const closed = closing(client);
    client.write('0123456789');
    expect(await closed).toBe(true);
  });

  it('resets open connections when cut, and refuses new ones while down', async () => {
    const client = await open();
    await answer(client, 'up');
    const closed = closing(client);
    proxy.cut();
    expect(await closed).toBe(true);
    proxy.set({ down: true });
    const refused = connect(proxy.port, proxy.host).on('error', () => undefined);
    expect(await closing(refused)).toBe(true);
    proxy.heal();
    expect(await answer(await open(), 'again')).toBe('again');
  });
});
