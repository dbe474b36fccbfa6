export { beginSpan, isTracing, type OpenSpan, outsideTraces, type SpanOptions, type SpanRole } from './spans.js';
export { startTracing, type StartTracing, type Tracing, type TracingCounts } from './start.js';
export { readTraceparent, writeTraceparent } from './traceparent.js';
