import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '@muster/testing';
import { beginSpan, isTracing, outsideTraces } from './spans.js';
import { startTracing, type Tracing } from './start.js';

jest.setTimeout(30_000);

interface Sent {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] };
    scopeSpans: { spans: { name: string; traceId: string; spanId: string; parentSpanId?: string }[] }[];
  }[];
}

describe('tracing', () => {
  let collector: Server;
  let url = '';
  let status = 200;
  let sent: Sent[] = [];
  let problems: string[] = [];
  let tracing: Tracing | undefined;

  beforeEach(async () => {
    [status, sent, problems] = [200, [], []];
    collector = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        if (status === 200) sent.push(JSON.parse(Buffer.concat(parts).toString()) as Sent);
        response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    await tracing?.stop();
    tracing = undefined;
    collector.closeAllConnections();
    await new Promise((resolve) => collector.close(resolve));
  });

  const start = async (env: Record<string, string>) => {
    tracing = await startTracing({
      ...{ service: 'test', instance: 'here:1', env },
      onProblem: (words) => void problems.push(words),
    });
    return tracing;
  };
  const spans = () =>
    sent.flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
    );

  it('is not there until somebody says where to', async () => {
    expect(await start({})).toBeUndefined();
    expect(await start({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_SDK_DISABLED: 'true' })).toBeUndefined();
    expect(await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'somewhere' })).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(isTracing()).toBe(false);
    expect(beginSpan('work', 'internal')).toBeUndefined();
    expect(outsideTraces(() => 7)).toBe(7);
  });

  it('hands over spans with their parents, under the name of the service', async () => {
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_RESOURCE_ATTRIBUTES: 'region=eu%20west' });
    const outer = beginSpan('outer', 'server', { from: { traceparent: undefined } });
    await outer?.run(async () => {
      await Promise.resolve();
      const inner = beginSpan('inner', 'client', { onlyWithin: true });
      inner?.end();
      outsideTraces(() => expect(beginSpan('none', 'client', { onlyWithin: true })).toBeUndefined());
    });
    outer?.end();
    await until(() => spans().length === 2);
    const [inner, parent] = spans();
    expect(inner).toMatchObject({ name: 'inner', traceId: parent?.traceId, parentSpanId: parent?.spanId });
    const resource = sent[0]?.resourceSpans[0]?.resource.attributes ?? [];
    const of = (key: string) => resource.find((attribute) => attribute.key === key)?.value.stringValue;
    expect([of('service.name'), of('service.instance.id'), of('region')]).toEqual(['muster-test', 'here:1', 'eu west']);
    // The receiver has them before the exporter has its answer.
    await until(() => tracing?.counts.exported === 2);
    expect(tracing?.counts).toEqual({ exported: 2, dropped: 0, failed: 0 });
  });

  it('goes on with the trace of whoever asked, and keeps to his decision to leave it out', async () => {
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
    const [trace, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
    beginSpan('kept', 'server', { from: { traceparent: `00-${trace}-${parent}-01` } })?.end();
    const left = beginSpan('left out', 'server', { from: { traceparent: `00-${trace}-${parent}-00` } });
    expect(left?.traceparent).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-00$`));
    left?.end();
    await tracing?.stop();
    expect(spans()).toEqual([expect.objectContaining({ name: 'kept', traceId: trace, parentSpanId: parent })]);
  });

  it('keeps the share of traces that it is told', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' };
    await start(env);
    beginSpan('left out', 'server', { from: { traceparent: undefined } })?.end();
    await tracing?.stop();
    expect(spans()).toEqual([]);
  });

  it('names a setting that it does not know, and what the collector does not take', async () => {
    await start({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/v1/traces`, OTEL_TRACES_SAMPLER: 'jaeger_remote' });
    expect(problems).toEqual([expect.stringContaining('OTEL_TRACES_SAMPLER')]);
    status = 400;
    beginSpan('lost', 'server', { from: { traceparent: undefined } })?.end();
    await until(() => tracing?.counts.failed === 1, undefined, { withinMs: 10_000 });
    expect(problems).toHaveLength(2);
  });

  it('has room for so many spans that wait, and counts those that find none', async () => {
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
    for (let n = 0; n < 3_000; n += 1) beginSpan('many', 'server', { from: { traceparent: undefined } })?.end();
    expect(tracing?.counts.dropped).toBe(3_000 - 2_048);
    await until(() => tracing?.counts.exported === 2_048, undefined, { withinMs: 10_000 });
  });

  it('tells the kind of an error and never its words', async () => {
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
    const span = beginSpan('failing', 'server', { from: { traceparent: undefined } });
    span?.failed(new TypeError('the password is hunter2'));
    span?.end();
    await until(() => spans().length === 1);
    expect(JSON.stringify(sent)).toContain('TypeError');
    expect(JSON.stringify(sent)).not.toContain('hunter2');
  });
});
