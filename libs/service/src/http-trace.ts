import type { IncomingMessage, ServerResponse } from 'node:http';
import { beginSpan } from '@muster/tracing';
import { routeOf } from './metrics/http-metrics.js';

/** Who looks whether the process is well is no part of any work. */
const WATCHING = /^\/(?:health|metrics)(?:\/|$|\?)/;

/** Each call as a span, a part of the trace that its `traceparent` names (W3C Trace Context), with all that it leads to. */
export function httpTrace(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const { method = '', headers, url = '' } = request;
  const span = WATCHING.test(url)
    ? undefined
    : beginSpan(method, 'server', {
        from: { traceparent: headers['traceparent'] },
        attributes: { 'http.request.method': method },
      });
  if (span === undefined) {
    next();
    return;
  }
  response.once('close', () => {
    const route = routeOf(request);
    span.rename(`${method} ${route}`);
    span.set({ 'http.route': route, 'http.response.status_code': response.statusCode });
    if (response.statusCode >= 500 || !response.writableFinished) span.failed(String(response.statusCode));
    span.end();
  });
  span.run(next);
}
