import { Bus, connectBus } from '@muster/bus';
import { type DynamicModule, Module } from '@nestjs/common';
import { Logger, LoggerModule } from 'nestjs-pino';
import type { DestinationStream } from 'pino';
import type { ServiceConfig } from './config.js';
import { Health, HealthController } from './health.js';
import { loggingOf, wordsOf } from './logging.js';
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
}

/** What every service has: Bus, Clock, Ids, the log, Health, Shutdown. Global: a service's modules inject without importing. */
@Module({})
export class ServiceModule {
  static with({ name, config, logTo, shutdown = new Shutdown() }: ServiceModuleOptions): DynamicModule {
    return {
      module: ServiceModule,
      global: true,
      imports: [LoggerModule.forRoot(loggingOf(name, config, logTo))],
      controllers: [HealthController],
      providers: [
        Health,
        { provide: Shutdown, useValue: shutdown },
        { provide: Clock, useClass: SystemClock },
        { provide: Ids, useClass: RandomIds },
        {
          provide: Bus,
          inject: [Logger, Health],
          useFactory: (log: Logger, health: Health) => openBus(name, config.NATS_URL, log, health, shutdown),
        },
      ],
      exports: [Bus, Clock, Health, Ids, Shutdown],
    };
  }
}

async function openBus(name: string, servers: string, log: Logger, health: Health, shutdown: Shutdown): Promise<Bus> {
  const bus = await connectBus({
    servers,
    name,
    onNotice: (notice) => {
      const { level, words } = wordsOf(notice);
      const { error, ...rest } = 'error' in notice ? notice : { ...notice, error: undefined };
      log[level === 'info' ? 'log' : level](
        { ...rest, ...(error === undefined ? {} : { err: error }), msg: words },
        'Bus',
      );
    },
  });
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
