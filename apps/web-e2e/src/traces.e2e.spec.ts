import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NodeView } from '@muster/contracts';
import { until } from '@muster/testing';
import { io, type Socket } from 'socket.io-client';
import { Administrator } from './harness/administrator.js';
import { Muster } from './harness/muster.js';
import { OpenAiServer } from './harness/open-ai-server.js';

const MODEL = 'tiny-chat';
const within60 = { withinMs: 60_000 };

jest.setTimeout(240_000);

interface Span {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

interface Sent {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] };
    scopeSpans: { spans: Omit<Span, 'service'>[] }[];
  }[];
}

/** Takes traces as any collector does: OTLP over HTTP, in JSON. */
class Collector {
  readonly spans: Span[] = [];
  text = '';

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Collector> {
    const server = createServer();
    const collector = new Collector(server);
    server.on('request', (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        collector.take(Buffer.concat(parts).toString());
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  of(traceId: string): Span[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(text: string): void {
    this.text += text;
    for (const { resource, scopeSpans } of (JSON.parse(text) as Sent).resourceSpans) {
      const service =
        resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue?.replace('muster-', '') ?? '';
      for (const { spans } of scopeSpans) this.spans.push(...spans.map((span) => ({ ...span, service })));
    }
  }
}

/** Each span of a chain is the parent of the one after it. */
function chain(spans: readonly Span[], steps: readonly (readonly [service: string, name: string | RegExp])[]): Span[] {
  const found: Span[] = [];
  for (const [service, name] of steps) {
    const parent = found.at(-1);
    const next = spans.find(
      (span) =>
        span.service === service &&
        (typeof name === 'string' ? span.name === name : name.test(span.name)) &&
        (parent === undefined || span.parentSpanId === parent.spanId),
    );
    if (next === undefined) return found;
    found.push(next);
  }
  return found;
}

const words = (spans: readonly Span[]): string[] => spans.map(({ service, name }) => `${service}: ${name}`);

/** One trace from a click, or an application's call, to the node and back, from the processes as they run. */
describe('somebody who follows an order by its trace', () => {
  let collector: Collector;
  let engine: OpenAiServer;
  let muster: Muster;
  let administrator: Administrator;
  let node: NodeView;

  beforeAll(async () => {
    collector = await Collector.start();
    engine = await OpenAiServer.start(MODEL, 2);
    muster = await Muster.start({ MUSTER_ENGINE_URLS: engine.url, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    administrator = await Administrator.first(muster);
    node = await until(
      () => administrator.greenNode(),
      ({ executors }) => executors.some(({ state }) => state === 'online'),
      within60,
    );
  });
  afterAll(async () => {
    await muster.remove();
    await engine.stop();
    await collector.stop();
  });

  let traces = 0;
  /** As the console names a trace for each order. */
  const newTrace = () => {
    traces += 1;
    const traceId = `${'ab'.repeat(15)}${String(traces).padStart(2, '0')}`;
    return { traceId, parent: 'cd'.repeat(8), traceparent: `00-${traceId}-${'cd'.repeat(8)}-01` };
  };
  const seen = async (traceId: string, steps: Parameters<typeof chain>[1]): Promise<Span[]> => {
    const found = await until(
      () => ({ found: chain(collector.of(traceId), steps), all: words(collector.of(traceId)) }),
      ({ found: spans }) => spans.length === steps.length,
      { withinMs: 30_000 },
    );
    return found.found;
  };

  it('sees the order to an executor go from the Gateway over bus and link to the node, and what was written down', async () => {
    const { traceId, parent, traceparent } = newTrace();
    const executorId = node.executors[0]?.executorId ?? '';
    const path = `/api/nodes/${node.nodeId}/executors/${executorId}/cancel`;
    const ordered = await administrator.send('POST', path, undefined, { traceparent });
    expect(ordered.status).toBe(200);
    const down = [
      ['gateway', 'POST /api/nodes/:nodeId/executors/:executorId/cancel'],
      ['gateway', /^ask node/],
      ['monitor', /^answer node/],
      ['monitor', 'order cancel'],
    ] as const;
    const [first] = await seen(traceId, [...down, ['node', 'carry out cancel']]);
    expect(first?.parentSpanId).toBe(parent);
    await seen(traceId, [...down, ['monitor', 'append'], ['monitor', 'publish ExecutorOrdered']]);
  });

  it('sees a change of a node go through the registry into its database, and from there to all who follow the facts', async () => {
    const { traceId, traceparent } = newTrace();
    const renamed = await administrator.send(
      'PATCH',
      `/api/nodes/${node.nodeId}`,
      { name: 'Renamed' },
      { traceparent },
    );
    expect(renamed.status).toBe(200);
    const down = [
      ['gateway', 'PATCH /api/nodes/:nodeId'],
      ['gateway', /^ask registry/],
      ['registry', /^answer registry/],
      ['registry', 'append'],
    ] as const;
    await seen(traceId, [...down, ['registry', 'publish NodeRenamed']]);
    for (const follower of ['monitor', 'gateway', 'router'])
      await seen(traceId, [...down, [follower, 'take NodeRenamed']]);
  });

  it('sees a page join the rooms of a node over its socket, and their snapshots fetched from the monitor', async () => {
    const socket: Socket = io(muster.address, {
      ...{ transports: ['websocket'], forceNew: true },
      extraHeaders: { cookie: administrator.cookie, origin: new URL(muster.address).origin },
    });
    const { nodeId } = node;
    for (const [room, asks] of [
      ['metrics:join', 'ask node'],
      ['log:join', 'ask node'],
      ['history:join', 'ask registry'],
      ['requests:join', 'ask stats'],
    ] as const) {
      const request = room === 'metrics:join' || room === 'log:join' ? [{ nodeId }] : [];
      expect(await socket.timeout(10_000).emitWithAck(room, ...request)).toMatchObject({ ok: true });
      const joined = await until(
        () => collector.spans.find(({ service, name }) => service === 'gateway' && name === room),
        undefined,
        { withinMs: 30_000 },
      );
      const answers = asks === 'ask node' ? 'monitor' : asks.replace('ask ', '');
      expect(joined?.parentSpanId ?? '').toBe('');
      await seen(joined?.traceId ?? '', [
        ['gateway', room],
        ['gateway', new RegExp(`^${asks}`)],
        [answers, /^answer /],
      ]);
    }
    socket.disconnect();
  });

  it('sees a request of an application go through the router to the node, and nothing of what was said', async () => {
    const key = await administrator.key('inference');
    const api = /Applications send requests to (\S+)/.exec(muster.output)?.[1] ?? '';
    const ask = (traceparent: string) =>
      fetch(`${api}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', traceparent },
        body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'The secret of the pyramids' }] }),
      });
    const { traceId, traceparent } = await until(
      async () => {
        const trace = newTrace();
        return { ...trace, status: (await ask(trace.traceparent)).status };
      },
      ({ status }) => status === 200,
      within60,
    );
    expect(traceparent).toContain(traceId);
    await seen(traceId, [
      ['router', 'request chat'],
      ['router', 'ask node'],
      ['node', 'POST /v1/chat/completions'],
    ]);
    expect(collector.text).not.toContain('pyramids');
    expect(collector.text).not.toContain(key);
    expect(collector.text).not.toContain('correct horse');
  });
});
