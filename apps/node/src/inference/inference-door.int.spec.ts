import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { connect as connectTls } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LinkServer, LogBuffer, makeCertificate, SampleBuffer, serveLinks } from '@muster/node-link';
import { until } from '@muster/testing';
import { StandInEngine, standInModel } from '../../test/stand-in-engine.js';
import { Executors } from '../executors/executors.js';
import { KeptFiles } from '../executors/kept-files.js';
import { InferenceDoor } from './inference-door.js';
import { EngineConnections } from './pass-on.js';
import { Tickets } from './tickets.js';

jest.setTimeout(60_000);

const accessKey = randomBytes(32).toString('base64url');
const folder = mkdtempSync(join(tmpdir(), 'muster-inference-'));
const engine = new StandInEngine();
const connections = new EngineConnections();
const tickets = new Tickets(randomBytes(32).toString('base64url'), () => [accessKey]);
const ticket = tickets.issue(accessKey);
const faults: unknown[] = [];
let executors: Executors;
let server: LinkServer;
let agent: Agent;
let port: number;
let one: string;

beforeAll(async () => {
  executors = new Executors({
    engines: [engine],
    external: { current: () => [] },
    models: () => [standInModel('one'), standInModel('two'), { ...standInModel('vectors'), kind: 'embedding' }],
    files: new KeptFiles(folder, () => undefined),
    memory: () => undefined,
    log: { write: () => undefined },
    now: () => new Date().toISOString(),
    newId: randomUUID,
    changed: () => connections.keepOnly(executors.addresses()),
    times: { drainMs: 1_000, stopGraceMs: 500, queueMs: 5_000 },
  });
  const door = new InferenceDoor({
    ticketHolds: (text) => tickets.holds(text),
    vouch: (address) => server.vouch(address),
    byId: (id) => executors.byId(id),
    byName: (name) => executors.byName(name),
    served: () => executors.views().filter(({ state }) => state === 'online'),
    connections,
    onFault: (error) => faults.push(error),
  });
  const certificate = await makeCertificate({ hostname: 'test' });
  server = serveLinks({
    tls: { key: certificate.keyPem, cert: certificate.certPem },
    accessKeys: () => [accessKey],
    hello: () => ({
      version: '1',
      run: randomUUID(),
      hardware: { hostname: 'h', platform: 'p', cpu: { model: 'm', cores: 1 }, memoryTotalBytes: 1, gpus: [] },
      condition: { condition: 'serving' },
      executors: [],
    }),
    samples: new SampleBuffer(),
    log: new LogBuffer(),
    http: door.listener,
  });
  port = await server.listen(0, '127.0.0.1');
  agent = new Agent({ ca: certificate.certPem, checkServerIdentity: () => undefined });
  await executors.start();
  const outcome = await executors.carryOut({ order: 'start', modelId: 'one.gguf', parameters: { slots: 2 } });
  if (outcome.outcome !== 'done') throw new Error('Not started');
  one = outcome.done.executorId;
  await executors.carryOut({ order: 'start', modelId: 'vectors.gguf' });
  await until(() => executors.views().filter(({ state }) => state === 'online').length === 2, undefined, {
    withinMs: 20_000,
  });
});
afterAll(async () => {
  agent.destroy();
  await executors.close();
  await connections.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
  expect(faults).toEqual([]);
});

function call(path: string, body?: object | string, headers: Record<string, string> = {}) {
  const sent = request({
    host: '127.0.0.1',
    port,
    path,
    agent,
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${ticket}`, ...headers },
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    sent.on('error', reject);
  });
  answered.catch(() => undefined);
  sent.end(typeof body === 'object' ? JSON.stringify(body) : body);
  return { sent, answered };
}
async function textOf(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of message) text += String(part);
  return text;
}
const chat = (more: object = {}) => ({ model: 'one', ...more });
const say = async (...given: Parameters<typeof call>) => {
  const response = await call(...given).answered;
  const text = await textOf(response);
  return { status: response.statusCode, headers: response.headers, text };
};
const codeOf = async (...given: Parameters<typeof call>) => {
  const { status, text } = await say(...given);
  const { error } = JSON.parse(text) as { error: { code: string; message: string } };
  return `${status} ${error.code}`;
};
const CHAT = '/v1/chat/completions';
const counts = async () => {
  const [address] = executors.addresses();
  const response = await fetch(`${address?.origin ?? ''}/counts`);
  return (await response.json()) as { calls: number; left: number };
};
const inFlight = () => executors.byId(one)?.gate.inFlight;
const queued = () => executors.byId(one)?.gate.queued;

describe('inference on the node', () => {
  it('answers and streams for whoever has a ticket, by model and by executor', async () => {
    const plain = await say(CHAT, chat());
    expect([plain.status, JSON.parse(plain.text)]).toEqual([200, { url: CHAT, model: 'one' }]);
    const stream = await call(
      CHAT,
      { model: 'as the router calls it', stream: true, everyMs: 20 },
      {
        'muster-executor': one,
      },
    ).answered;
    expect(stream.headers['content-type']).toBe('text/event-stream');
    const parts: string[] = [];
    for await (const part of stream) parts.push(String(part));
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.join('')).toBe(
      'data: {"n":1,"fill":""}\n\ndata: {"n":2,"fill":""}\n\ndata: {"n":3,"fill":""}\n\ndata: [DONE]\n\n',
    );
    expect(JSON.parse((await say('/v1/models')).text)).toMatchObject({ data: [{ id: 'one' }, { id: 'vectors' }] });
    expect((await say('/v1/embeddings', { model: 'vectors', input: 'x' })).status).toBe(200);
  });

  it('says in OpenAI’s words what is wrong with a request', async () => {
    expect(await codeOf(CHAT, chat(), { authorization: 'Bearer wrong' })).toBe('401 ticket-refused');
    expect(await codeOf(CHAT, chat(), { authorization: `Bearer ${tickets.issue('k'.repeat(43))}` })).toBe(
      '401 ticket-refused',
    );
    expect(await codeOf('/v1/files', chat())).toBe('404 not-found');
    expect(await codeOf(CHAT)).toBe('405 method-not-allowed');
    expect(await codeOf(CHAT, '{')).toBe('400 bad-request');
    expect(await codeOf(CHAT, { messages: [] })).toBe('400 bad-request');
    expect(await codeOf(CHAT, { model: 'none' })).toBe('404 executor-unknown');
    expect(await codeOf(CHAT, chat(), { 'muster-executor': 'none' })).toBe('404 executor-unknown');
    expect(await codeOf(CHAT, { model: 'vectors' })).toBe('400 wrong-kind');
    expect(await codeOf(CHAT, chat(), { 'content-length': String(33 * 1024 * 1024) })).toBe('413 too-large');
    expect((await say(CHAT, chat({ status: 429 }))).status).toBe(429);
  });

  it('queues what finds no slot, refuses what finds no place, and harms nobody by it', async () => {
    const slow = chat({ tokens: 1, everyMs: 1_500 });
    const all = Array.from({ length: 12 }, () => say(CHAT, slow));
    await until(() => inFlight() === 2 && queued() === 8);
    const statuses = (await Promise.all(all)).map(({ status, headers }) => ({ status, retry: headers['retry-after'] }));
    expect(statuses.filter(({ status }) => status === 503)).toEqual([
      { status: 503, retry: '2' },
      { status: 503, retry: '2' },
    ]);
    // Those that waited longer than the queue has them wait were told so, the others were answered.
    expect(statuses.every(({ status }) => [200, 503, 504].includes(status ?? 0))).toBe(true);
    expect(statuses.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(4);
    expect([inFlight(), queued()]).toEqual([0, 0]);
  });

  it('leaves the engine when its caller leaves, in the queue too', async () => {
    const before = await counts();
    const streams = [1, 2].map(() => call(CHAT, chat({ stream: true, tokens: 1_000, everyMs: 50 })));
    await Promise.all(streams.map(({ answered }) => answered));
    const waiting = call(CHAT, chat());
    await until(() => queued() === 1);
    waiting.sent.destroy();
    await until(() => queued() === 0);
    for (const { sent } of streams) sent.destroy();
    await until(() => inFlight() === 0, undefined, { withinMs: 2_000 });
    await until(async () => (await counts()).left === before.left + 2);
  });

  it('holds the engine back for a caller that reads slowly', async () => {
    const { answered, sent } = call(CHAT, chat({ stream: true, tokens: 2_000, fill: 64 * 1024 }));
    const response = await answered;
    response.pause();
    const before = process.memoryUsage().rss;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    // 128 MiB are to come: what is underway is a small part of them.
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    expect(inFlight()).toBe(1);
    sent.destroy();
    await until(() => inFlight() === 0);
  });

  it('ends what is in flight when that is ordered', async () => {
    const stream = await call(CHAT, chat({ stream: true, tokens: 1_000, everyMs: 50 })).answered;
    const broken = expect(textOf(stream)).rejects.toThrow();
    expect(await executors.carryOut({ order: 'cancel', executorId: one })).toMatchObject({ done: { cancelled: 1 } });
    await broken;
    const silent = codeOf(CHAT, chat({ tokens: 1, everyMs: 60_000 }));
    await until(() => inFlight() === 1);
    // Its status has gone out with the first flush or not at all: either way it ends.
    await executors.carryOut({ order: 'cancel', executorId: one });
    await expect(silent.catch(() => 'cut')).resolves.toMatch(/^(cut|503 cancelled)$/);
    expect(inFlight()).toBe(0);
  });

  it('wakes an executor that sleeps, and refuses what has no executor', async () => {
    expect(await codeOf(CHAT, { model: 'two' })).toBe('404 executor-unknown');
    const outcome = await executors.carryOut({ order: 'start', modelId: 'two.gguf' });
    if (outcome.outcome !== 'done') throw new Error('Not started');
    const { executorId } = outcome.done;
    // Asked while it loads: it waits.
    expect((await say(CHAT, { model: 'two' })).status).toBe(200);
    await executors.carryOut({ order: 'stop', executorId });
    await until(() => executors.views().find((each) => each.executorId === executorId)?.state === 'offline');
    expect(await codeOf(CHAT, { model: 'two' })).toBe('503 executor-not-online');
  });

  it('does not wait for whoever sends headers or a body without end', async () => {
    const tls = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
    tls.on('error', () => undefined);
    const closed = new Promise((resolve) => tls.once('close', resolve));
    tls.write(`POST ${CHAT} HTTP/1.1\r\nhost: x\r\n`);
    const drip = setInterval(() => tls.write('x: y\r\n'), 500);
    await closed;
    clearInterval(drip);
    expect((await say(CHAT, chat())).status).toBe(200);
  });

  it('counts a request that its engine breaks off, and says so while it can', async () => {
    const { errors = 0 } = executors.samples().find(({ executorId }) => executorId === one) ?? {};
    expect(await codeOf(CHAT, chat({ dies: true }))).toBe('502 engine-failed');
    // It comes back by itself, and whoever asks meanwhile waits for it.
    await until(() => executors.views().find(({ executorId }) => executorId === one)?.state !== 'online');
    const stream = await call(CHAT, chat({ stream: true, everyMs: 100, diesAfter: 2 })).answered;
    await expect(textOf(stream)).rejects.toThrow();
    expect(executors.samples().find(({ executorId }) => executorId === one)?.errors).toBe(errors + 2);
  });
});
