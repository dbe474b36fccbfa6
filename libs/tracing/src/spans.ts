import {
  type Attributes,
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { readTraceparent, writeTraceparent } from './traceparent.js';

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const;
export type SpanRole = keyof typeof kinds;

export interface SpanOptions {
  /** Names, ids, counts. Never a secret, never what was said or answered. */
  readonly attributes?: Attributes;
  /** Whose work this is, as it came from elsewhere; without one of that shape a trace begins. Not given: the span at hand. */
  readonly from?: { readonly traceparent: unknown };
  /** Only as a part of a trace: where there is none, no span begins. */
  readonly onlyWithin?: boolean;
  /** Other work that led to this, as for a batch; 32 at most. */
  readonly links?: readonly unknown[];
}

/** A span that has begun. It ends once. */
export interface OpenSpan {
  /** For whoever is asked to go on with it. */
  readonly traceparent: string;
  /** What is done in here has this span at hand. */
  run<T>(work: () => T): T;
  set(attributes: Attributes): void;
  rename(name: string): void;
  /** It did not succeed. The kind of the error is told, never its words: these may be anybody's. */
  failed(error: unknown): void;
  end(): void;
}

const MOST_LINKS = 32;

let tracer: Tracer | undefined;

/** From now on spans are made, or none any more. For `startTracing` alone. */
export function useTracer(used: Tracer | undefined): void {
  tracer = used;
}

/** Whether traces are made at all. Where they are not, nothing that has to do with them costs more than this question. */
export const isTracing = (): boolean => tracer !== undefined;

/** Begins a span; undefined where no traces are made. */
export function beginSpan(name: string, role: SpanRole, options: SpanOptions = {}): OpenSpan | undefined {
  if (tracer === undefined) return undefined;
  const { attributes = {}, from, onlyWithin = false, links = [] } = options;
  const parent = from === undefined ? context.active() : parentOf(from.traceparent);
  if (onlyWithin && trace.getSpanContext(parent) === undefined) return undefined;
  const linked = links.slice(0, MOST_LINKS).flatMap((each) => {
    const spanContext = readTraceparent(each);
    return spanContext === undefined ? [] : [{ context: spanContext }];
  });
  const span = tracer.startSpan(name, { kind: kinds[role], attributes, links: linked }, parent);
  return opened(span, parent);
}

/** Does something that is no part of whatever is at hand, as a loop that works for many. */
export const outsideTraces = <T>(work: () => T): T =>
  tracer === undefined ? work() : context.with(ROOT_CONTEXT, work);

function parentOf(traceparent: unknown): Context {
  const remote = readTraceparent(traceparent);
  return remote === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote);
}

function opened(span: Span, parent: Context): OpenSpan {
  const within = trace.setSpan(parent, span);
  return {
    traceparent: writeTraceparent(span.spanContext()),
    run: (work) => context.with(within, work),
    set: (attributes) => void span.setAttributes(attributes),
    rename: (name) => void span.updateName(name),
    failed: (error) => {
      span.setAttribute('error.type', kindOf(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
    },
    end: () => {
      span.end();
    },
  };
}

const LONGEST_KIND = 64;

/** The code of an error that has one, else its name. */
function kindOf(error: unknown): string {
  const { code, name } =
    typeof error === 'object' && error !== null ? (error as { code?: unknown; name?: unknown }) : {};
  const kind = typeof code === 'string' ? code : typeof error === 'string' ? error : name;
  return typeof kind === 'string' ? kind.slice(0, LONGEST_KIND) : 'unknown';
}
