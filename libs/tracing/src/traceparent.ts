import type { SpanContext } from '@opentelemetry/api';

/** W3C Trace Context, 3.2: version 00. A later version may have more after it, which is passed over. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/** Whose work is gone on with; undefined for anything that is no traceparent: then a trace begins anew (4.3). */
export function readTraceparent(text: unknown): SpanContext | undefined {
  if (typeof text !== 'string' || text.length > 512) return undefined;
  const [, version, traceId = '', spanId = '', flags = '00', more] = TRACEPARENT.exec(text) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

export const writeTraceparent = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-0${traceFlags & 1}`;
