import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Metrics } from './metrics.js';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** What Express leaves behind on a request that it found a handler for. */
interface Routed {
  readonly baseUrl?: string;
  readonly route?: { readonly path?: unknown };
}

/** The pattern of the route that answered, never what was asked for; `other` for files, pages and what nobody serves. */
export const routeOf = (request: IncomingMessage): string => {
  const { baseUrl = '', route } = request as Routed;
  const path = route?.path;
  return typeof path === 'string' && !path.includes('*') ? `${baseUrl}${path}` : 'other';
};

/** Counts every call that Express takes, before anything else does something with it. */
export function httpMetrics(
  metrics: Metrics,
): (request: IncomingMessage, response: ServerResponse, next: () => void) => void {
  const requests = metrics.counter('muster_http_requests_total', 'HTTP calls answered, by the pattern of the route', [
    'method',
    'route',
    'status',
  ]);
  const durations = metrics.histogram('muster_http_request_duration_seconds', 'How long HTTP calls took', [
    'method',
    'route',
  ]);
  return (request, response, next) => {
    const beganMs = performance.now();
    response.once('close', () => {
      const route = routeOf(request);
      const method = METHODS.has(request.method ?? '') ? (request.method ?? '') : 'other';
      // Who left before the answer is counted as nginx does.
      const status = response.writableFinished ? String(response.statusCode) : '499';
      requests.inc({ method, route, status });
      durations.observe({ method, route }, (performance.now() - beganMs) / 1_000);
    });
    next();
  };
}
