import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NodeOrder, NodeOutcome } from '@muster/contracts';
import { beginSpan, type OpenSpan } from '@muster/tracing';

/** Carries an order of the Gateway out as a part of its trace. */
export async function inOrderTrace(
  { order }: NodeOrder,
  traceparent: string | undefined,
  work: () => Promise<NodeOutcome> | NodeOutcome,
): Promise<NodeOutcome> {
  const span =
    traceparent === undefined ? undefined : beginSpan(`carry out ${order}`, 'server', { from: { traceparent } });
  if (span === undefined) return work();
  try {
    const outcome = await span.run(work);
    span.set({ 'muster.outcome': outcome.outcome });
    if (outcome.outcome === 'failed') span.failed(outcome.outcome);
    return outcome;
  } catch (error) {
    span.failed(error);
    throw error;
  } finally {
    span.end();
  }
}

/** A call of the inference API, a part of whoever's trace it names; until its answer has gone out. Never what was asked or answered. */
export function beginInference(path: string, request: IncomingMessage, response: ServerResponse): OpenSpan | undefined {
  const span = beginSpan(`POST ${path}`, 'server', {
    from: { traceparent: request.headers['traceparent'] },
    attributes: { 'http.request.method': 'POST', 'http.route': path },
  });
  if (span === undefined) return undefined;
  response.once('close', () => {
    span.set({ 'http.response.status_code': response.statusCode });
    if (response.statusCode >= 500 || !response.writableFinished) span.failed(String(response.statusCode));
    span.end();
  });
  return span;
}
