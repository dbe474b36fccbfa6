import type { OpenedTracing } from './sdk.js';

export interface StartTracing {
  /** Which part of Muster this is, as `registry`: the name is `muster-registry` unless `OTEL_SERVICE_NAME` says another. */
  readonly service: string;
  /** Which process of it. */
  readonly instance: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A setting that is not understood, or spans that can not be handed over. */
  readonly onProblem: (words: string, error?: unknown) => void;
}

export interface TracingCounts {
  readonly exported: number;
  /** There was no room for them. */
  readonly dropped: number;
  /** The collector did not take them. */
  readonly failed: number;
}

export interface Tracing {
  readonly counts: TracingCounts;
  /** Hands over what waits, for 2 s at most. */
  stop(): Promise<void>;
}

let opened: OpenedTracing | undefined;

/**
 * Makes traces when `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` says where to send them (OpenTelemetry's
 * specification of the exporter's settings), as OTLP over HTTP in JSON. Without one, undefined: no part of the SDK is even loaded.
 */
export async function startTracing({ service, instance, env, onProblem }: StartTracing): Promise<Tracing | undefined> {
  const url = urlOf(env, onProblem);
  if (url === undefined || opened !== undefined) return opened;
  const { openTracing } = await import('./sdk.js');
  const tracing = openTracing({ url, service, instance, env, onProblem });
  opened = tracing;
  return {
    get counts() {
      return tracing.counts;
    },
    stop: async () => {
      opened = undefined;
      await tracing.stop();
    },
  };
}

function urlOf(env: StartTracing['env'], onProblem: StartTracing['onProblem']): string | undefined {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none') return undefined;
  const own = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  const shared = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  // Of the shared one the path is a beginning; the one for traces is taken as it is.
  const text = own || (shared && `${shared.replace(/\/$/, '')}/v1/traces`);
  if (!text) return undefined;
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return text;
  onProblem('OTEL_EXPORTER_OTLP_ENDPOINT is no address, as http://collector:4318: no traces are made');
  return undefined;
}
