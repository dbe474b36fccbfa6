import { connect } from 'node:net';
import { type TestNats, testNats } from './test-nats.js';

/** The INFO line a server greets with, or undefined when nobody listens. */
const greeting = ({ port }: TestNats) =>
  new Promise<string | undefined>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', (line) => {
      socket.destroy();
      resolve(String(line));
    });
    socket.once('error', () => resolve(undefined));
  });

const serverId = (line: string | undefined) => /"server_id":"(\w+)"/.exec(line ?? '')?.[1];

describe('testNats', () => {
  let nats: TestNats;
  beforeAll(async () => {
    nats = await testNats();
  });
  afterAll(() => nats.stop());

  it('speaks NATS with JetStream on its port', async () => {
    expect(await greeting(nats)).toContain('"jetstream":true');
  });

  it('is away when killed and back on the same port when restarted', async () => {
    const before = serverId(await greeting(nats));
    await nats.kill();
    expect(await greeting(nats)).toBeUndefined();
    await nats.restart();
    const after = serverId(await greeting(nats));
    expect(after).toBeDefined();
    expect(after).not.toBe(before);
  });

  it('comes back empty when wiped', async () => {
    await nats.wipe();
    expect(await greeting(nats)).toContain('"jetstream":true');
  });

  it('leaves nothing when stopped', async () => {
    const other = await testNats();
    await other.stop();
    expect(await greeting(other)).toBeUndefined();
  });
});
