import type { WebSocket } from 'ws';
import { bareSocket, testNode, type TestNode, until } from '../test/test-node.js';
import { accessKeyId, makeNonce, prove } from './proof.js';
import { channelBinding } from './channel-binding.js';
import type { NodeConnection } from './node-connection.js';

let node: TestNode;
let other: NodeConnection;
beforeEach(async () => {
  node = await testNode();
  other = await node.link();
});
afterEach(() => node.server.close());

/** The socket of a Gateway that has proved itself, for saying anything at all. */
async function provenGateway(): Promise<{ socket: WebSocket; texts: string[]; closed: Promise<number> }> {
  const { socket, tls, texts, closed } = await bareSocket(node.port);
  const nonce = makeNonce();
  const accessKey = node.to.accessKey;
  const keyId = accessKeyId(accessKey);
  socket.send(JSON.stringify({ type: 'open', versions: [1], nonce: nonce.toString('base64url'), keyId }));
  await until(() => texts.length === 1);
  const challenge = JSON.parse(texts[0] ?? '') as { nonce: string };
  const proof = prove('gateway', accessKey, {
    version: 1,
    gatewayNonce: nonce,
    nodeNonce: Buffer.from(challenge.nonce, 'base64url'),
    nodeId: undefined,
    exporter: channelBinding(tls),
  });
  socket.send(JSON.stringify({ type: 'answer', proof: proof.toString('base64url') }));
  await until(() => texts.length === 2);
  return { socket, texts, closed };
}

/** The bare TCP bytes of a masked client frame: what no WebSocket library would send. */
const rawFrame = (firstByte: number, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from([firstByte, 0x80 | payload.length, 0, 0, 0, 0]), payload]);

const hostile: [string, string | Buffer, number][] = [
  ['what is no JSON', '{', 1007],
  ['a wrong type', '{"type":"ping","id":"1"}', 1007],
  ['a figure that is none', '{"type":"ping","id":1e999}', 1007],
  ['an unknown frame', '{"type":"launch"}', 1002],
  ['a second handshake', '{"type":"open"}', 1002],
  ['10,000 levels', '['.repeat(10_000), 1008],
  ['more than 1 MiB', ' '.repeat(1024 * 1024 + 1), 1009],
  ['a binary frame', Buffer.from('{"type":"ping","id":1}'), 1003],
  ['a number that is yet to come', '{"type":"resume","sample":5,"line":0}', 1002],
];

describe('a Gateway that breaks the protocol', () => {
  it.each(hostile)('by %s loses its own link alone', async (_name, data, code) => {
    const gateway = await provenGateway();
    gateway.socket.send(data);
    expect([code, code === 1009 ? 1006 : code]).toContain(await gateway.closed);
    await expect(other.ping()).resolves.toBeGreaterThan(0);
    await until(() => node.notices.some((notice) => notice.type === 'ended' && notice.how === 'protocol'));
  });

  it.each([
    ['invalid UTF-8', rawFrame(0x81, Buffer.from([0xff, 0xfe])), 1007],
    ['a reserved bit', rawFrame(0xc1, Buffer.from('{}')), 1002],
    ['an unknown opcode', rawFrame(0x83, Buffer.from('{}')), 1002],
    ['a frame without a mask', Buffer.from([0x81, 0x02, 0x7b, 0x7d]), 1002],
  ])('by %s loses its own link alone', async (_name, bytes, code) => {
    const { socket, closed } = await provenGateway();
    (socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(bytes);
    expect(await closed).toBe(code);
    await expect(other.ping()).resolves.toBeGreaterThan(0);
  });

  it('by a flood of frames loses its own link alone', async () => {
    const gateway = await provenGateway();
    for (let id = 1; id <= 1_000; id += 1) gateway.socket.send(JSON.stringify({ type: 'ping', id }));
    expect(await gateway.closed).toBe(1008);
    await expect(other.ping()).resolves.toBeGreaterThan(0);
  });

  it('by 20,000 fragments of one message loses its own link alone', async () => {
    const { socket, closed } = await provenGateway();
    for (let n = 0; n < 20_000; n += 1) socket.send('x', { fin: false });
    expect([1008, 1006]).toContain(await closed);
    await expect(other.ping()).resolves.toBeGreaterThan(0);
  });

  it('by asking for the flow twice loses its own link alone', async () => {
    const gateway = await provenGateway();
    for (let n = 0; n < 2; n += 1) gateway.socket.send('{"type":"resume","sample":0,"line":0}');
    expect(await gateway.closed).toBe(1002);
  });
});

describe('a node that breaks the protocol', () => {
  const sample = (seq: number) =>
    JSON.stringify({
      type: 'samples',
      items: [{ seq, ageMs: 0, measurement: { cpuPercent: 1, memoryUsedBytes: 1, memoryTotalBytes: 1, gpus: [] } }],
    });

  it.each([
    ...hostile.slice(0, 8).filter(([name]) => !name.includes('handshake')),
    ['a second hello', '{"type":"hello"}', 1007] as const,
    ['a number that skips', sample(2), 1002] as const,
    ['a number that goes backwards', `${sample(0)}`, 1007] as const,
    ['more than 100 percent', sample(1).replace('"cpuPercent":1', '"cpuPercent":101'), 1007] as const,
  ])('by %s ends its link as a protocol error', async (_name, data) => {
    const connection = await node.link();
    connection.onFrame(() => undefined);
    await connection.ping();
    const served = [...node.server.links].at(-1);
    served?.socket.send(data);
    await expect(connection.closed).resolves.toBe('protocol');
    await expect(other.ping()).resolves.toBeGreaterThan(0);
  });

  it('by a number that was there before ends its link as a protocol error', async () => {
    node.sample();
    const connection = await node.link();
    let frames = 0;
    connection.onFrame(() => (frames += 1));
    await until(() => frames === 1);
    [...node.server.links].at(-1)?.socket.send(sample(1));
    await expect(connection.closed).resolves.toBe('protocol');
  });

  it('by sending before it is asked ends its link as a protocol error', async () => {
    const connection = await node.link();
    [...node.server.links].at(-1)?.socket.send(sample(1));
    await expect(connection.closed).resolves.toBe('protocol');
  });

  it('by sending far too fast is read more slowly, so that no other waits for it', async () => {
    const connection = await node.link();
    let pongs = 0;
    connection.onFrame(() => (pongs += 1));
    await connection.ping();
    const served = [...node.server.links].at(-1);
    for (let id = 100; id <= 20_000; id += 1) served?.socket.send(`{"type":"pong","id":${id}}`);
    await until(() => pongs > 100);
    for (let n = 0; n < 20; n += 1) await expect(other.ping()).resolves.toBeLessThan(1_000);
    expect(pongs).toBeLessThan(10_000);
    connection.terminate();
  });
});

describe('a peer that falls silent', () => {
  it('is cut by the Gateway as silent when its pings bring no sign of life for as long as was agreed', async () => {
    const connection = await node.link({ silentAfterMs: 1_000 });
    connection.onFrame(() => undefined);
    await connection.ping();
    const served = [...node.server.links].at(-1);
    served?.socket.pause();
    const startMs = performance.now();
    await expect(connection.closed).resolves.toBe('silent');
    expect(performance.now() - startMs).toBeGreaterThan(900);
    served?.terminate();
  });

  it('is cut by the node after 15 s without a word', async () => {
    const gateway = await provenGateway();
    expect(await gateway.closed).toBe(1006);
    await until(() => node.notices.some((notice) => notice.type === 'ended' && notice.how === 'silent'));
  }, 20_000);
});
