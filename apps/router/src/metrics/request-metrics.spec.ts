import type { RequestEvent, RequestFinished } from '@muster/contracts';
import { RequestMetrics } from './request-metrics.js';

const finished = (data: Partial<RequestFinished['data']> = {}): RequestEvent => ({
  type: 'RequestFinished',
  data: {
    ...{ requestId: 'r', router: 'x', endpoint: 'chat', model: 'tiny', stream: true, status: 200, attempts: 1 },
    ...{ acceptedAt: '2026-11-23T12:00:00.000Z', at: '2026-11-23T12:00:02.000Z', outcome: 'completed' },
    ...{ queueMs: 20, firstTokenMs: 300, totalMs: 2_000, tokensIn: 5, tokensOut: 40, bytesIn: 1, bytesOut: 1 },
    ...data,
  },
});
const linesOf = (metrics: RequestMetrics, name: string): readonly string[] =>
  metrics.families().find((family) => family.name === name)?.lines ?? [];

describe('the figures of requests', () => {
  it('count by model, endpoint and outcome, with times in seconds', () => {
    const metrics = new RequestMetrics();
    metrics.take(finished());
    metrics.take(finished({ outcome: 'failed', error: 'stream-broken' }));
    expect(linesOf(metrics, 'muster_requests_total')).toEqual([
      'muster_requests_total{model="tiny",endpoint="chat",outcome="completed"} 1',
      'muster_requests_total{model="tiny",endpoint="chat",outcome="failed"} 1',
    ]);
    expect(linesOf(metrics, 'muster_request_errors_total')).toContain(
      'muster_request_errors_total{error="stream-broken"} 1',
    );
    expect(linesOf(metrics, 'muster_request_duration_seconds')).toContain(
      'muster_request_duration_seconds_sum{model="tiny"} 4',
    );
    expect(linesOf(metrics, 'muster_request_tokens_total')).toEqual([
      'muster_request_tokens_total{model="tiny",direction="in"} 10',
      'muster_request_tokens_total{model="tiny",direction="out"} 80',
    ]);
  });

  it('make no label of a model that only the client knows', () => {
    const metrics = new RequestMetrics();
    metrics.take(finished({ model: 'made up', outcome: 'refused', error: 'model-unknown' }));
    expect(linesOf(metrics, 'muster_requests_total')).toEqual([
      'muster_requests_total{model="other",endpoint="chat",outcome="refused"} 1',
    ]);
  });

  it('have at most 200 models and one for all others', () => {
    const metrics = new RequestMetrics();
    for (let n = 0; n < 1_000; n += 1) metrics.take(finished({ model: `m${n}` }));
    expect(linesOf(metrics, 'muster_requests_total')).toHaveLength(201);
    expect(linesOf(metrics, 'muster_requests_total').at(-1)).toBe(
      'muster_requests_total{model="other",endpoint="chat",outcome="completed"} 800',
    );
  });

  it('count the tries before the one that counts', () => {
    const metrics = new RequestMetrics();
    metrics.take(finished({ failedTries: [{ nodeId: 'n', executorId: 'e', error: 'connect-failed' }] }));
    expect(linesOf(metrics, 'muster_request_retries_total')).toContain(
      'muster_request_retries_total{error="connect-failed"} 1',
    );
  });
});
