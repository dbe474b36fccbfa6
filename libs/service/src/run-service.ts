import type { RequestListener, Server } from 'node:http';
import { hostname } from 'node:os';
import { Bus, within } from '@muster/bus';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type MicroserviceOptions } from '@nestjs/microservices';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { Logger, PinoLogger } from 'nestjs-pino';
import type { DestinationStream } from 'pino';
import { isTracing, startTracing, type Tracing } from '@muster/tracing';
import type * as z from 'zod/mini';
import { readConfig, type ServiceConfig } from './config.js';
import { Health } from './health.js';
import { httpTrace } from './http-trace.js';
import { answerMetrics } from './metrics/answer-metrics.js';
import { httpMetrics } from './metrics/http-metrics.js';
import { Instance } from './metrics/instance.js';
import { Metrics } from './metrics/metrics.js';
import { RequestsAtHand } from './requests-at-hand.js';
import { ServiceModule } from './service-module.js';
import { Shutdown } from './shutdown.js';
import { exitCode, startProblem } from './start-problem.js';
import { BusTransport } from './transport.js';

export interface ServiceOptions<Schema extends z.ZodMiniType<ServiceConfig>> {
  readonly name: 'registry' | 'monitor' | 'stats' | 'gateway' | 'router' | 'webhooks';
  /** `z.extend(ServiceConfig, {…})` with what this service needs beside. */
  readonly config: Schema;
  /** The service's own module, made with its configuration. */
  readonly module: (config: z.output<Schema>) => Type | DynamicModule;
  /** The server to listen with, where not every call is to go through Nest; `rest` is Nest's own answer to a call. */
  readonly server?: (rest: RequestListener) => Server;
  /** It serves `/metrics` itself, to whom it lets in; without it the page stands open beside `/health`. */
  readonly ownMetricsDoor?: boolean;
  /** For what must be set before the first request: WebSocket adapter, headers, static files. */
  readonly prepare?: (app: NestExpressApplication, config: z.output<Schema>) => Promise<void> | void;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly logTo?: DestinationStream;
  /** How long what was begun may take when the service stops; 10 s. */
  readonly finishMs?: number;
}

export interface RunningService {
  readonly app: NestExpressApplication;
  /** Where it listens. */
  readonly port: number;
  /** Refuses new work, finishes what was begun within a bound, closes what the service opened, the bus, the database. */
  stop(): Promise<void>;
}

const FINISH_MS = 10_000;

@Module({})
class RootModule {}

/**
 * Starts a service: reads its configuration, connects, serves. Rejects with ConfigProblem, StreamDrift or Outage when it
 * cannot. Nothing is served before everything is there.
 */
export async function startService<Schema extends z.ZodMiniType<ServiceConfig>>(
  { name, config: schema, module, prepare, server, ownMetricsDoor = false }: ServiceOptions<Schema>,
  { env = process.env, logTo, finishMs = FINISH_MS }: StartOptions = {},
): Promise<RunningService> {
  const config = readConfig(schema, env);
  const problems: [string, unknown][] = [];
  let onProblem = (words: string, error?: unknown): void => void problems.push([words, error]);
  const tracing = await startTracing({
    service: name,
    instance: `${hostname()}:${config.PORT}`,
    env,
    onProblem: (words, error) => {
      onProblem(words, error);
    },
  });
  const shutdown = new Shutdown();
  const root: DynamicModule = {
    module: RootModule,
    imports: [
      ServiceModule.with({ name, config, shutdown, ownMetricsDoor, ...(logTo ? { logTo } : {}) }),
      module(config),
    ],
  };
  const app = await NestFactory.create<NestExpressApplication>(root, new OwnServer(server), {
    // Until there is a log of ours: what fails here is said once, by whoever runs the process.
    logger: false,
    abortOnError: false,
    forceCloseConnections: true,
  }).catch(async (error: unknown) => {
    await shutdown.run();
    await tracing?.stop();
    throw error;
  });
  const log = app.get(Logger);
  app.useLogger(log);
  app.disable('x-powered-by');
  app.use(httpMetrics(app.get(Metrics)));
  if (isTracing()) app.use(httpTrace);
  if (tracing !== undefined) countSpans(app.get(Metrics), tracing);
  onProblem = (words, error) => {
    log.warn({ msg: words, err: error }, 'Tracing');
  };
  for (const [words, error] of problems) onProblem(words, error);
  const requests = new RequestsAtHand(app.getHttpServer());
  const transport = new BusTransport(app.get(Bus), await app.resolve(PinoLogger), finishMs);
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= stopInOrder());
  try {
    await prepare?.(app, config);
    app.connectMicroservice<MicroserviceOptions>({ strategy: transport });
    await app.startAllMicroservices();
    await app.listen(config.PORT, config.HOST);
    const instance = app.get(Instance);
    instance.listensOn(portOf(app));
    const answering = await answerMetrics(app.get(Bus), app.get(Metrics), instance);
    shutdown.at('work', () => answering.stop());
  } catch (error) {
    await stop();
    throw error;
  }
  const health = app.get(Health);
  health.enter('serving');
  const port = portOf(app);
  log.log({ msg: `The ${name} serves on ${config.HOST}:${port}`, port }, 'Service');
  return { app, port, stop };

  async function stopInOrder(): Promise<void> {
    app.get(Health).enter('stopping');
    log.log('Stopping: no new work', 'Service');
    shutdown.begin();
    const answered = within(
      finishMs,
      requests.finish().then(() => true),
    );
    if ((await Promise.all([transport.finish(), answered])).some((done) => !done))
      log.warn({ msg: `Work that was begun is not done after ${finishMs} ms and is given up` }, 'Service');
    shutdown.at('work', () => app.close());
    shutdown.at('database', () => tracing?.stop());
    for (const error of await shutdown.run()) log.error({ msg: 'Closing failed', err: error }, 'Service');
    log.log('Stopped', 'Service');
  }
}

function countSpans(metrics: Metrics, tracing: Tracing): void {
  metrics.counted('muster_trace_spans_total', 'Spans of traces, by what became of them', () =>
    Object.entries(tracing.counts).map(([outcome, value]) => ({ value: Number(value), labels: { outcome } })),
  );
}

/** Express behind a server that somebody else made. */
class OwnServer extends ExpressAdapter {
  constructor(private readonly make: ServiceOptions<never>['server']) {
    super();
  }

  override initHttpServer(...options: Parameters<ExpressAdapter['initHttpServer']>): void {
    super.initHttpServer(...options);
    const { make } = this;
    if (make === undefined) return;
    this.httpServer = make((request, response) => {
      this.getInstance<RequestListener>()(request, response);
    });
  }
}

function portOf(app: NestExpressApplication): number {
  const address = app.getHttpServer().address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The whole life of a service's process, for its main.ts: start, serve until SIGTERM or SIGINT, stop in order. */
export async function runService<Schema extends z.ZodMiniType<ServiceConfig>>(
  options: ServiceOptions<Schema>,
): Promise<void> {
  let service: RunningService;
  try {
    service = await startService(options);
  } catch (error) {
    process.stderr.write(`The ${options.name} cannot start. ${startProblem(error)}\n`);
    process.exit(exitCode(error));
  }
  const end = (signal: NodeJS.Signals) => {
    // Asked twice, it goes at once.
    process.once(signal, () => process.exit(1));
    void service.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
}
