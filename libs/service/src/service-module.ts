import { Bus, connectBus } from '@muster/bus';
import { type DynamicModule, Module } from '@nestjs/common';
import { Logger, LoggerModule } from 'nestjs-pino';
import type { DestinationStream } from 'pino';
import type { ServiceConfig } from './config.js';
import { Health, HealthController } from './health.js';
import { loggingOf, wordsOf } from './logging.js';
import { busMetrics } from './metrics/bus-metrics.js';
import { Instance } from './metrics/instance.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { Metrics } from './metrics/metrics.js';
import { Clock, Ids, RandomIds, SystemClock } from './ports.js';
import { Shutdown } from './shutdown.js';

export interface ServiceModuleOptions {
  /** The service's name: in its log lines, on the bus. */
  readonly name: string;
  readonly config: ServiceConfig;
  /** How what is opened here will be closed; whoever makes one of his own runs it. */
  readonly shutdown?: Shutdown;
  /** Where the log goes in place of standard output. */
  readonly logTo?: DestinationStream;
  /** The service serves `/metrics` itself, to whom it lets in. */
  readonly ownMetricsDoor?: boolean;
}

/** What every service has: Bus, Clock, Ids, the log, Health, Instance, Metrics, Shutdown. Global: a service's modules inject without importing. */
@Module({})
export class ServiceModule {
  static with({
    name,
    config,
    logTo,
    ownMetricsDoor = false,
    shutdown = new Shutdown(),
  }: ServiceModuleOptions): DynamicModule {
    const metrics = new Metrics();
    shutdown.at('database', () => {
      metrics.stop();
    });
    return {
      module: ServiceModule,
      global: true,
      imports: [LoggerModule.forRoot(loggingOf(name, config, logTo))],
      controllers: ownMetricsDoor ? [HealthController] : [HealthController, MetricsController],
      providers: [
        Health,
        { provide: Instance, useValue: new Instance(name) },
        { provide: Metrics, useValue: metrics },
        { provide: Shutdown, useValue: shutdown },
        { provide: Clock, useClass: SystemClock },
        { provide: Ids, useClass: RandomIds },
        {
          provide: Bus,
          inject: [Logger, Health],
          useFactory: (log: Logger, health: Health) =>
            openBus(name, config.NATS_URL, { log, health, shutdown, metrics }),
        },
      ],
      exports: [Bus, Clock, Health, Ids, Instance, Metrics, Shutdown],
    };
  }
}

interface BusHost {
  readonly log: Logger;
  readonly health: Health;
  readonly shutdown: Shutdown;
  readonly metrics: Metrics;
}

async function openBus(name: string, servers: string, { log, health, shutdown, metrics }: BusHost): Promise<Bus> {
  const counted = busMetrics(metrics);
  const bus = await connectBus({
    servers,
    name,
    counts: counted.counts,
    onNotice: (notice) => {
      counted.noticed(notice);
      const { level, words } = wordsOf(notice);
      const { error, ...rest } = 'error' in notice ? notice : { ...notice, error: undefined };
      log[level === 'info' ? 'log' : level](
        { ...rest, ...(error === undefined ? {} : { err: error }), msg: words },
        'Bus',
      );
    },
  });
  counted.opened(bus);
  // What was begun has had its time by then.
  shutdown.at('bus', () => bus.close({ finishMs: 1_000 }));
  // Without the bus a service still does what it can, so that it is never taken out for that.
  health.add('bus', () =>
    bus.state === 'up' ? { state: 'up' } : { state: 'degraded', words: 'The bus is away: live data is delayed' },
  );
  await bus.assertStreams().catch(async (error: unknown) => {
    await bus.close();
    throw error;
  });
  return bus;
}
