import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { connectBus, sleep } from '@muster/bus';
import {
  type Fact,
  INTEGRATION_MARK,
  POSITION_HEADER,
  prefixOfSecret,
  type Problem,
  StructuredEvent,
} from '@muster/contracts';
import { testNats, type TestNats, until } from '@muster/testing';
import { AT } from '../fleet/fleet.examples.js';
import { RegistryStandIn, testGateway, type TestGateway } from '../gateway.examples.js';
import { MOST_OPEN } from './open-streams.js';
import { Readers } from './readers.js';

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const nodeId = uuid(900);
const within = (withinMs: number) => ({ withinMs });

const fleetFact = (position: number, at = new Date().toISOString()): Fact => ({
  type: 'NodeRenamed',
  data: { nodeId, name: `Node ${position}`, from: `Node ${position - 1}`, at },
  id: uuid(position),
  stream: `node-${nodeId}`,
  version: position,
  position,
  at,
  meta: { actor: { kind: 'account', id: uuid(1), name: 'Zoë' }, commandId: uuid(1), correlationId: uuid(1) },
});

describe('the facts over HTTP', () => {
  let nats: TestNats;
  let registry: RegistryStandIn;
  let gateway: TestGateway;
  let token: string;
  let last: number;
  /** The log of a process goes to where its first gateway sent it. */
  let log: readonly string[] | undefined;
  const streams: EventStream[] = [];

  beforeEach(async () => {
    nats = await testNats();
    registry = await RegistryStandIn.open(nats.url);
    gateway = await testGateway(nats.url);
    log ??= gateway.log;
    ({ token } = registry.open(['fleet:view']));
    last = 0;
  });
  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.close();
    await gateway.stop();
    await registry.stop();
    await nats.stop();
  });

  async function tell(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) await registry.publish(fleetFact((last += 1)));
  }

  const read = async (query: string, options: { token?: string; headers?: Record<string, string> } = { token }) => {
    const response = await gateway.call('GET', `/api/events?${query}`, options);
    const text = await response.text();
    const lines =
      text === ''
        ? []
        : text
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line) as Record<string, string>);
    return { status: response.status, position: response.headers.get(POSITION_HEADER), lines };
  };

  const refusedWith = async (query: string, options?: { token?: string; headers?: Record<string, string> }) => {
    const { status, lines } = await read(query, options);
    return { ...(lines[0] as unknown as Problem), status };
  };

  /** A reader of server-sent events, as far as a test needs one. */
  class EventStream {
    readonly frames: { id?: string; event?: string; data?: string; comment?: string }[] = [];
    isOver = false;
    private readonly abort = new AbortController();

    static async open(query: string, headers: Record<string, string>, id?: string): Promise<EventStream> {
      const stream = new EventStream();
      streams.push(stream);
      const response = await fetch(`${gateway.url}/api/events?${query}`, {
        headers: { accept: 'text/event-stream', ...headers, ...(id !== undefined && { 'last-event-id': id }) },
        signal: stream.abort.signal,
      });
      expect({ status: response.status, type: response.headers.get('content-type') }).toEqual({
        status: 200,
        type: 'text/event-stream',
      });
      void stream.take(response);
      return stream;
    }

    get events() {
      return this.frames.filter(({ data, event }) => data !== undefined && event === undefined);
    }
    get positions() {
      return this.events.map(({ data }) => Number((JSON.parse(data ?? '') as StructuredEvent)['position']));
    }
    close(): void {
      this.abort.abort();
    }

    private async take({ body }: Response): Promise<void> {
      let text = '';
      try {
        for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
          text += Buffer.from(chunk).toString('utf8');
          const parts = text.split('\n\n');
          text = parts.pop() ?? '';
          for (const part of parts)
            this.frames.push(
              Object.fromEntries(
                part.split('\n').map((line) => {
                  const colon = line.indexOf(':');
                  return [line.slice(0, colon) || 'comment', line.slice(colon + 1).trimStart()];
                }),
              ),
            );
        }
      } catch {
        // Closed by the test, or broken off by the other side.
      }
      this.isOver = true;
    }
  }

  const cookie = () => ({ cookie: `__Host-muster-session=${token}` });

  it('come as CloudEvents, a line each, with the position to go on from', async () => {
    await tell(5);
    const first = await read('after=0&streams=FLEET&limit=3');
    expect(first).toMatchObject({ status: 200, position: 'F3' });
    for (const line of first.lines) StructuredEvent.parse(line);
    expect(first.lines.map(({ id, after }) => [id, after])).toEqual([1, 2, 3].map((n) => [uuid(n), `F${n}`]));
    expect(first.lines[0]).toMatchObject({ type: 'muster.fleet.node.renamed', data: { name: 'Node 1' } });
    const rest = await read('after=F3');
    expect(rest).toMatchObject({ position: 'F5' });
    expect(rest.lines.map(({ id }) => id)).toEqual([uuid(4), uuid(5)]);
    expect(await read('after=F5')).toEqual({ status: 200, position: 'F5', lines: [] });
  });

  it('are waited for by who asks so, and come at once', async () => {
    await tell(1);
    const { position } = await read('streams=FLEET');
    expect(position).toBe('F1');
    const waiting = read(`after=${position}&waitMs=20000`);
    await until(
      () => gateway.service.app.getHttpServer() && openCount(),
      (count) => count === 1,
    );
    const begun = performance.now();
    await tell(1);
    expect((await waiting).lines.map(({ id }) => id)).toEqual([uuid(2)]);
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect((await read('after=F2&waitMs=300')).lines).toEqual([]);
  });

  it('come as a stream of events that goes on after the id that was seen last', async () => {
    await tell(3);
    const stream = await EventStream.open('after=0&streams=FLEET', cookie());
    await until(
      () => stream.positions,
      (seen) => seen.length === 3,
      within(10_000),
    );
    await tell(2);
    await until(
      () => stream.positions,
      (seen) => seen.length === 5,
      within(10_000),
    );
    expect(stream.events.map(({ id }) => id)).toEqual(['F1', 'F2', 'F3', 'F4', 'F5']);
    stream.close();
    const again = await EventStream.open('streams=FLEET&after=0', cookie(), 'F4');
    await until(
      () => again.positions,
      (seen) => seen.length === 1,
      within(10_000),
    );
    expect(again.positions).toEqual([5]);
  });

  it('are refused to whoever may not read a stream, and of wrong input every field is named', async () => {
    await tell(1);
    expect(await refusedWith('streams=FLEET,ACCESS')).toMatchObject({
      status: 403,
      code: 'not-permitted',
      detail: 'You may not read ACCESS.',
    });
    expect(await refusedWith('streams=FLEET', {})).toMatchObject({ status: 401 });
    expect(await refusedWith('after=later&streams=FLEETS&limit=0&waitMs=30001')).toMatchObject({
      status: 400,
      fields: [{ field: 'after' }, { field: 'streams' }, { field: 'limit' }, { field: 'waitMs' }].map((field) =>
        expect.objectContaining(field),
      ),
    });
    expect(await refusedWith('after=F1&streams=FLEET,HEALTH')).toMatchObject({
      status: 400,
      fields: [{ field: 'after', words: 'The position says nothing about HEALTH' }],
    });
    expect(await refusedWith('after=F7')).toMatchObject({ status: 400, code: 'position-ahead' });
    const all = registry.open(['fleet:view', 'accounts:manage', 'keys:manage', 'settings:manage']);
    expect((await read('streams=FLEET', { token: all.token })).status).toBe(200);
  });

  it('say what is not kept any more: as a problem with the oldest position, and as an event named gap', async () => {
    const position = 'R5-abc';
    await tell(1);
    const problem = await refusedWith(`after=F1.${position}`);
    expect(problem).toMatchObject({
      status: 410,
      code: 'position-too-old',
      missed: [{ stream: 'REQUESTS', why: 'made-anew' }],
      oldest: expect.stringMatching(/^F1\.R0-[0-9a-z]+$/),
    });
    expect((await read(`after=${problem.oldest}`)).status).toBe(200);
    const stream = await EventStream.open('', cookie(), `F0.${position}`);
    await until(
      () => stream.events,
      (events) => events.length === 1,
      within(10_000),
    );
    const [gap] = stream.frames.filter(({ event }) => event === 'gap');
    expect(JSON.parse(gap?.data ?? '')).toEqual({
      ...{ stream: 'REQUESTS', why: 'made-anew' },
      oldest: expect.stringMatching(/^F0\.R0-/),
    });
    expect(stream.frames.indexOf(gap as object)).toBeLessThan(stream.frames.indexOf(stream.events[0] as object));
  });

  it('end within two seconds for a key that was revoked and an account that may no longer', async () => {
    const { key, keyId, ownerId } = await registry.makeKey(['fleet:read']);
    await until(
      () => read('streams=FLEET', { headers: { authorization: `Bearer ${key}` } }),
      ({ status }) => status === 200,
    );
    const byKey = await EventStream.open('streams=FLEET', { authorization: `Bearer ${key}` });
    const other = registry.open(['fleet:view']);
    const bySession = await EventStream.open('streams=FLEET', { cookie: `__Host-muster-session=${other.token}` });
    const stays = await EventStream.open('streams=FLEET', cookie());
    await registry.told(`key-${keyId}`, {
      type: 'ApiKeyRevoked',
      data: { keyId, ownerId, because: 'by-hand', at: AT },
    });
    await until(() => byKey.isOver, undefined, within(2_000));
    expect(byKey.frames.at(-1)).toEqual({ comment: 'You may not read this any more' });
    await registry.permit(other.account.accountId, ['settings:manage']);
    await until(() => bySession.isOver, undefined, within(2_000));
    expect(stays.isOver).toBe(false);
  });

  it('are for an integration those of its streams, and its stream ends when it is suspended or gets another secret', async () => {
    const { integrationId, hashes, bearer, create } = outsider();
    expect(await refusedWith('', bearer)).toMatchObject({ status: 401, code: 'secret-refused' });
    await create();
    await until(
      () => read('', bearer),
      ({ status }) => status === 200,
    );
    expect(await refusedWith('streams=FLEET,HEALTH', bearer)).toMatchObject({
      status: 403,
      code: 'stream-not-permitted',
    });
    expect((await gateway.call('GET', '/api/nodes', bearer)).status).toBe(401);
    const stream = await EventStream.open('', bearer.headers);
    await tell(1);
    await until(
      () => stream.positions.length,
      (count) => count === 1,
      within(10_000),
    );
    await registry.told(`integration-${integrationId}`, {
      type: 'IntegrationSuspended',
      data: { integrationId, because: 'by-hand', at: AT },
    });
    await until(() => stream.isOver, undefined, within(2_000));
    expect(await refusedWith('', bearer)).toMatchObject({ status: 403, code: 'integration-suspended' });
    await registry.told(`integration-${integrationId}`, {
      type: 'IntegrationResumed',
      data: { integrationId, at: AT },
    });
    await until(
      () => read('', bearer),
      ({ status }) => status === 200,
    );
    const again = await EventStream.open('', bearer.headers);
    await registry.told(`integration-${integrationId}`, {
      type: 'IntegrationSecretReplaced',
      data: { integrationId, ...hashes, hash: 'a'.repeat(64), at: AT },
    });
    await until(() => again.isOver, undefined, within(2_000));
    expect(await refusedWith('', bearer)).toMatchObject({ status: 401, code: 'secret-refused' });
  });

  it('are open to each reader so many times, and the next is turned away and named in the log', async () => {
    for (let n = 0; n < MOST_OPEN.perReader; n += 1) await EventStream.open('streams=FLEET', cookie());
    expect(await refusedWith('streams=FLEET')).toMatchObject({ status: 429, code: 'too-many-streams' });
    await until(() => log?.some((line) => line.includes('Too many streams of facts: ada was turned away')));
    const other = registry.open(['fleet:view'], 'grace');
    expect((await read('streams=FLEET', { token: other.token })).status).toBe(200);
    streams.splice(0, 1)[0]?.close();
    await until(
      () => read('streams=FLEET'),
      ({ status }) => status === 200,
    );
  });

  it('go on after the bus was away, and after it lost everything that it stored', async () => {
    await tell(3);
    const stream = await EventStream.open('after=0&streams=FLEET', cookie());
    await until(
      () => stream.positions,
      (seen) => seen.length === 3,
      within(10_000),
    );
    await nats.kill();
    await until(
      () => refusedWith('after=F1'),
      ({ status }) => status === 503,
      within(20_000),
    );
    await nats.wipe();
    await until(() => registry.bus.state === 'up', undefined, within(20_000));
    const old = AT;
    for (let position = 1; position <= 5; position += 1)
      await until(() => registry.publish(fleetFact(position, old)).then(() => true), undefined, within(20_000));
    await until(
      () => stream.positions,
      (seen) => seen.length >= 5,
      within(20_000),
    );
    expect(stream.positions).toEqual([1, 2, 3, 4, 5]);
    expect(stream.isOver).toBe(false);
  });

  it('pass by a reader that never reads: it is let go, named for the page, and nobody else waits for it', async () => {
    const { integrationId, bearer, create } = outsider();
    await create();
    await until(
      () => read('', bearer),
      ({ status }) => status === 200,
    );
    const troubles: string[] = [];
    registry.bus.onHttpReadings((reading) => {
      if (reading.integrationId === integrationId) troubles.push(...reading.troubles.map(({ words }) => words));
    });
    const stuck = connectSocket(Number(new URL(gateway.url).port), '127.0.0.1');
    await once(stuck, 'connect');
    stuck.pause();
    stuck.write(
      `GET /api/events?streams=FLEET HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\nauthorization: ${bearer.headers.authorization}\r\n\r\n`,
    );
    const stream = await EventStream.open('streams=FLEET', cookie());
    await until(openCount, (count) => count === 2);
    const count = await tellLarge(60);
    await until(
      () => stream.events.length,
      (seen) => seen === count,
      within(30_000),
    );
    await until(openCount, (open) => open === 1, within(30_000));
    await until(() => log?.some((line) => line.includes('A reader of facts stopped reading and was let go')));
    await until(() => troubles.includes('Let go over HTTP: it stopped reading'), undefined, within(10_000));
    expect(stream.isOver).toBe(false);
    await closed(stuck);
  });

  it('end with the service, without holding it up', async () => {
    const stream = await EventStream.open('streams=FLEET', cookie());
    const begun = performance.now();
    await gateway.service.stop();
    expect(performance.now() - begun).toBeLessThan(8_000);
    await until(() => stream.isOver);
    expect(stream.frames.at(-1)).toEqual({ comment: 'The Gateway stops; come again' });
  });

  /** An integration that reads FLEET over HTTP, as soon as it is created. */
  function outsider() {
    const integrationId = uuid(55);
    const secret = `${INTEGRATION_MARK}${'s'.repeat(43)}`;
    const hash = createHash('sha256').update(secret).digest('hex');
    const hashes = { prefix: prefixOfSecret(secret), natsHash: `$2b$06$${'x'.repeat(53)}` };
    const create = () =>
      registry.told(`integration-${integrationId}`, {
        type: 'IntegrationCreated',
        data: { integrationId, name: 'Billing', streams: ['FLEET'], doors: ['http'], ...hashes, hash, at: AT },
      });
    return { integrationId, hashes, bearer: { headers: { authorization: `Bearer ${secret}` } }, create };
  }

  const openCount = () => gateway.service.app.get(Readers).streams.count();

  /** Facts of 500 KiB each, as no service of ours writes them: more than all buffers on the way hold. */
  async function tellLarge(count: number): Promise<number> {
    const bus = await connectBus({ servers: nats.url, name: 'large' });
    const outlet = bus.outlet();
    for (let n = 0; n < count; n += 1)
      await new Promise<boolean>((resolve) => {
        outlet.send(
          {
            id: uuid(7_000 + n),
            subject: `muster.fleet.node.${nodeId}.renamed`,
            headers: {
              'ce-specversion': '1.0',
              'ce-id': uuid(7_000 + n),
              'ce-type': 'muster.fleet.node.renamed',
              'ce-source': '/muster/registry',
              'ce-subject': nodeId,
              'ce-time': AT,
              'content-type': 'application/json',
              'ce-datacontenttype': 'application/json',
              'ce-dataschema': 'urn:muster:fact:NodeRenamed:1',
              'ce-facttype': 'NodeRenamed',
              ...{ 'ce-position': String(n + 1) },
            },
            body: JSON.stringify({ nodeId, name: 'x'.repeat(500 * 1024), from: '', at: AT }),
          },
          resolve,
        );
      });
    await outlet.stop();
    await bus.close();
    return count;
  }
});

/** It reads at last what was sent, and then finds the other side gone. */
async function closed(socket: Socket): Promise<void> {
  socket.resume();
  for (let waited = 0; !socket.destroyed && !socket.readableEnded && waited < 10_000; waited += 20)
    await sleep(20, new AbortController().signal);
  socket.destroy();
}
