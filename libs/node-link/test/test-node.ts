import { randomBytes } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Measurement } from '@muster/contracts';
import { WebSocket } from 'ws';
import { LogBuffer, SampleBuffer } from '../src/buffers.js';
import { makeCertificate, type OwnCertificate } from '../src/certificate.js';
import { dial, type DialOptions } from '../src/dial.js';
import type { FromNode, Hello } from '../src/frames.js';
import { LINK_PATH, SUBPROTOCOL } from '../src/limits.js';
import { type LinkNotice, serveLinks, type ServeOptions } from '../src/serve.js';

export const measurement: Measurement = { cpuPercent: 12.5, memoryUsedBytes: 1, memoryTotalBytes: 2, gpus: [] };

export const newKey = (): string => randomBytes(32).toString('base64url');

const shared: { certificate?: OwnCertificate } = {};

/** A node's serving end alone, on a free port of 127.0.0.1. */
export async function testNode(options: Partial<ServeOptions> = {}) {
  const certificate = (shared.certificate ??= await makeCertificate({ hostname: 'test' }));
  const samples = new SampleBuffer();
  const log = options.log ?? new LogBuffer();
  const notices: LinkNotice[] = [];
  const hello: Hello = {
    version: '1.2.3',
    run: crypto.randomUUID(),
    hardware: { hostname: 'h', platform: 'p', cpu: { model: 'm', cores: 1 }, memoryTotalBytes: 1, gpus: [] },
    condition: { condition: 'serving' },
    executors: [],
  };
  const keys = [newKey()];
  const server = serveLinks({
    tls: { key: certificate.keyPem, cert: certificate.certPem },
    accessKeys: () => keys,
    hello: () => hello,
    samples,
    log,
    onNotice: (notice) => notices.push(notice),
    ...options,
  });
  const port = await server.listen(0, '127.0.0.1');
  const pinned = { pem: certificate.certPem, fingerprint: certificate.fingerprint };
  const to: DialOptions = { host: 'localhost', port, address: '127.0.0.1', pinned, accessKey: keys[0] ?? '' };
  return {
    server,
    port,
    keys,
    pinned,
    samples,
    log,
    notices,
    hello,
    to,
    link: (more: Partial<DialOptions> = {}) => dial({ ...to, ...more }),
    sample: () => samples.add({ measurement, takenMs: performance.now() }),
    line: (message: string) => log.add({ at: new Date().toISOString(), level: 'info', source: 'test', message }),
  };
}
export type TestNode = Awaited<ReturnType<typeof testNode>>;

/** A WebSocket to a port, with nothing of the protocol said yet, and what comes over it. */
export async function bareSocket(port: number) {
  const tls = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
  tls.on('error', () => undefined);
  const socket = new WebSocket(`wss://localhost:${port}${LINK_PATH}`, SUBPROTOCOL, {
    createConnection: () => tls,
    perMessageDeflate: false,
  });
  const texts: string[] = [];
  socket.on('message', (data: Buffer) => texts.push(data.toString()));
  socket.on('error', () => undefined);
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return { socket, tls, texts, closed };
}

/** Waits until `read` is true, at most 5 s. */
export async function until(read: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!read()) {
    if (performance.now() > deadline) throw new Error('Not within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The numbers of samples and lines, and the gaps, in the order in which they came. */
export const flow = (frames: readonly FromNode[], of: 'samples' | 'lines'): (number | { lost: number })[] =>
  frames.flatMap((frame): (number | { lost: number })[] => {
    if (frame.type === 'gap' && frame.of === of) return [{ lost: frame.lost }];
    if (frame.type === 'samples' && of === 'samples') return frame.items.map(({ seq }) => seq);
    if (frame.type === 'lines' && of === 'lines') return frame.lines.map(({ seq }) => seq);
    return [];
  });

/** Carries connections to a port, and stops reading from it when told to. */
export async function slowReader(to: number) {
  const upstream = new Set<Socket>();
  const server = createServer((client) => {
    const node = connect(to, '127.0.0.1');
    upstream.add(node);
    client.pipe(node);
    node.on('data', (chunk) => client.write(chunk));
    for (const [one, other] of [
      [client, node],
      [node, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    pause: () => upstream.forEach((socket) => socket.pause()),
    resume: () => upstream.forEach((socket) => socket.resume()),
    close: () => server.close(),
  };
}
