import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { SpanQueue } from './span-queue.js';
import { useTracer } from './spans.js';
import type { StartTracing, Tracing } from './start.js';

export type OpenedTracing = Tracing;

type Env = StartTracing['env'];

const STOP_WITHIN_MS = 2_000;
/** A span says what it says in few words. */
const LIMITS = { attributeCountLimit: 32, attributeValueLengthLimit: 256, eventCountLimit: 0, linkCountLimit: 32 };

/** Loads and starts the SDK. Once a process. */
export function openTracing({ url, service, instance, env, onProblem }: StartTracing & { url: string }): OpenedTracing {
  const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'];
  if (protocol !== undefined && protocol !== 'http/json')
    onProblem(`OTEL_EXPORTER_OTLP_PROTOCOL: traces are sent as http/json, not as ${protocol}`);
  const contexts = new AsyncLocalStorageContextManager();
  contexts.enable();
  context.setGlobalContextManager(contexts);
  // Headers, timeout and certificates of the collector the exporter takes from its own variables.
  const queue = new SpanQueue(new OTLPTraceExporter({ url }), onProblem);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.namespace': 'muster',
      'service.name': env['OTEL_SERVICE_NAME'] || `muster-${service}`,
      'service.instance.id': instance,
      ...attributesOf(env['OTEL_RESOURCE_ATTRIBUTES'] ?? ''),
    }),
    sampler: samplerOf(env, onProblem),
    spanLimits: LIMITS,
    spanProcessors: [queue],
  });
  useTracer(provider.getTracer('muster'));
  return {
    get counts() {
      return queue.counts;
    },
    stop: async () => {
      useTracer(undefined);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, STOP_WITHIN_MS)));
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
      clearTimeout(timer);
      context.disable();
    },
  };
}

/** `OTEL_TRACES_SAMPLER` by the specification; what it does not know is as if it were not set. */
export function samplerOf(env: Env, onProblem: StartTracing['onProblem']): Sampler {
  const name = env['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on';
  const root = rootSampler(name.replace(/^parentbased_/, ''), env, onProblem);
  if (root === undefined) {
    onProblem(`OTEL_TRACES_SAMPLER: ${name} is not known here; every trace is kept`);
    return new ParentBasedSampler({ root: new AlwaysOnSampler() });
  }
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

function rootSampler(name: string, env: Env, onProblem: StartTracing['onProblem']): Sampler | undefined {
  if (name === 'always_on') return new AlwaysOnSampler();
  if (name === 'always_off') return new AlwaysOffSampler();
  if (name !== 'traceidratio') return undefined;
  const ratio = Number(env['OTEL_TRACES_SAMPLER_ARG'] || '1');
  if (ratio >= 0 && ratio <= 1) return new TraceIdRatioBasedSampler(ratio);
  onProblem('OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1; every trace is kept');
  return new AlwaysOnSampler();
}

/** `name=value` with commas between, the values percent-encoded. */
export const attributesOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text.split(',').flatMap((pair) => {
      const [name = '', ...value] = pair.split('=');
      return name.trim() === '' || value.length === 0 ? [] : [[name.trim(), decoded(value.join('=').trim())]];
    }),
  );

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
