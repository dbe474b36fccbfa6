import { Bus } from '@muster/bus';
import { openServiceDatabase } from '@muster/event-store';
import { Clock, Health, Ids, Logger, Metrics, OwnAddresses, Resolver, servicesOf, Shutdown } from '@muster/service';
import { type DynamicModule, type FactoryProvider, Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { WebhooksConfig } from './config.js';
import { Deliveries1764000300000 } from './migrations/1764000300000-deliveries.js';
import { Senders, type SendersWorld } from './senders.js';
import { SENDERS_WORLD, WebhooksController } from './webhooks.controller.js';

/** The parts of the sending of webhooks, wired. What runs by itself starts with the providers. */
@Module({})
export class WebhooksModule {
  static with(config: WebhooksConfig): DynamicModule {
    return {
      module: WebhooksModule,
      controllers: [WebhooksController],
      providers: [databaseProvider(config), resolverProvider(config), worldProvider(config), sendersProvider],
    };
  }
}

const databaseProvider = ({ DATABASE_URL: url }: WebhooksConfig): FactoryProvider => ({
  provide: DataSource,
  inject: [Health, Shutdown, Logger, Metrics],
  useFactory: (health: Health, shutdown: Shutdown, log: Logger, metrics: Metrics) =>
    openServiceDatabase('webhooks', { health, shutdown, log, metrics }, { url, migrations: [Deliveries1764000300000] }),
});

const resolverProvider = (config: WebhooksConfig): FactoryProvider => ({
  provide: Resolver,
  inject: [Shutdown],
  useFactory: async (shutdown: Shutdown) => {
    const addresses = new OwnAddresses([
      ...servicesOf(config.DATABASE_URL, 5_432),
      ...servicesOf(config.NATS_URL, 4_222),
      ...config.MUSTER_OWN_ADDRESSES,
    ]);
    await addresses.start();
    shutdown.at('work', () => {
      addresses.stop();
    });
    const { MUSTER_WEBHOOKS_LOOPBACK: loopback, MUSTER_WEBHOOKS_PRIVATE: isPrivate } = config;
    // Receivers are servers of the web: any port may be theirs.
    const ports = { from: 1, to: 65_535 };
    return new Resolver(() => ({
      ...{ loopback, private: isPrivate, ports },
      ...{ own: addresses.own, interfaces: addresses.interfaces },
    }));
  },
});

const worldProvider = (config: WebhooksConfig): FactoryProvider => ({
  provide: SENDERS_WORLD,
  inject: [DataSource, Bus, Clock, Ids, Resolver, Logger],
  useFactory: (
    database: DataSource,
    bus: Bus,
    clock: Clock,
    ids: Ids,
    resolver: Resolver,
    log: Logger,
  ): SendersWorld => ({
    ...{ database, bus, clock, ids, resolver, secret: config.MUSTER_SECRET },
    giveUpAfterMs: config.MUSTER_WEBHOOKS_GIVE_UP_HOURS * 60 * 60_000,
    onProblem: (words, error) => {
      log.error({ msg: words, err: error }, 'Webhooks');
    },
  }),
});

const sendersProvider: FactoryProvider = {
  provide: Senders,
  inject: [SENDERS_WORLD, Shutdown],
  useFactory: async (world: SendersWorld, shutdown: Shutdown) => {
    const senders = new Senders(world);
    shutdown.at('work', () => senders.stop());
    await senders.start();
    return senders;
  },
};
