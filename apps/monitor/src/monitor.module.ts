import { randomBytes } from 'node:crypto';
import { Bus } from '@muster/bus';
import { EventStore, openServiceStore, startServiceRelay } from '@muster/event-store';
import { Clock, Health, Ids, Logger, Shutdown } from '@muster/service';
import { type DynamicModule, type FactoryProvider, Module } from '@nestjs/common';
import type { MonitorConfig } from './config.js';
import { HealthFacts } from './health/health-facts.js';
import { healthRules } from './health/health-rules.js';
import { AccessKeys } from './links/access-keys.js';
import { KnownFleet } from './links/known-fleet.js';
import { Leases } from './links/leases.js';
import { LinkMaker } from './links/link-maker.js';
import { Links } from './links/links.js';
import { Leases1764000100000 } from './migrations/1764000100000-leases.js';
import { dialAddresses } from './verify/dial-addresses.js';
import { OwnAddresses, servicesOf } from './verify/own-addresses.js';
import { Resolver } from './verify/resolve.js';
import { Verification } from './verify/verification.js';
import { VerifyController } from './verify/verify.controller.js';

const RELAY = Symbol('relay');
const MONITOR_ID = Symbol('monitor id');

/** The monitor's parts, wired. What runs by itself (links, leases, relay) starts with the providers. */
@Module({})
export class MonitorModule {
  static with(config: MonitorConfig): DynamicModule {
    return {
      module: MonitorModule,
      controllers: [VerifyController],
      providers: [
        {
          provide: MONITOR_ID,
          useValue: config.MUSTER_MONITOR_ID ?? `monitor-${randomBytes(4).toString('hex')}`,
        },
        ...storeProviders(config),
        ...knownProviders(config),
        ...dialProviders(config),
        linksProvider,
      ],
    };
  }
}

const storeProviders = ({ DATABASE_URL }: MonitorConfig): FactoryProvider[] => [
  {
    provide: EventStore,
    inject: [Health, Shutdown, Ids, Logger],
    useFactory: (health: Health, shutdown: Shutdown, ids: Ids, log: Logger) =>
      openServiceStore(
        'monitor',
        { health, shutdown, ids, log },
        { url: DATABASE_URL, migrations: [Leases1764000100000] },
      ),
  },
  {
    provide: RELAY,
    inject: [EventStore, Bus, Health, Shutdown, Logger],
    useFactory: (store: EventStore, bus: Bus, health: Health, shutdown: Shutdown, log: Logger) =>
      startServiceRelay('monitor', { health, shutdown, log }, store, bus, ['HEALTH']),
  },
  {
    provide: HealthFacts,
    inject: [EventStore, Ids, Shutdown, Logger],
    useFactory: (store: EventStore, ids: Ids, shutdown: Shutdown, log: Logger) => {
      const facts = new HealthFacts(store, ids, (error) => {
        log.warn({ msg: 'Facts of health wait: they could not be written', err: error }, 'Monitor');
      });
      shutdown.at('work', () => facts.stop());
      return facts;
    },
  },
];

const knownProviders = ({ MUSTER_SECRET }: MonitorConfig): FactoryProvider[] => [
  { provide: KnownFleet, useFactory: () => new KnownFleet() },
  {
    provide: AccessKeys,
    inject: [Clock, Health, Logger],
    useFactory: (clock: Clock, health: Health, log: Logger) => {
      const keys = new AccessKeys({
        secret: MUSTER_SECRET,
        monotonicMs: () => clock.monotonicMs(),
        onProblem: (error) => {
          log.error(
            { msg: 'The access key can not be opened: is MUSTER_SECRET the registry’s?', err: error },
            'Monitor',
          );
        },
      });
      health.add('access-key', () => {
        if (keys.broken) return { state: 'down', words: 'The access key was sealed with another MUSTER_SECRET' };
        return keys.keys().length > 0
          ? { state: 'up' }
          : { state: 'degraded', words: 'The access key is not known yet' };
      });
      return keys;
    },
  },
];

const dialProviders = (config: MonitorConfig): FactoryProvider[] => [
  {
    provide: OwnAddresses,
    inject: [Shutdown],
    useFactory: async (shutdown: Shutdown) => {
      const addresses = new OwnAddresses([
        ...servicesOf(config.DATABASE_URL, 5_432),
        ...servicesOf(config.NATS_URL, 4_222),
        { host: config.HOST, port: config.PORT },
        ...config.MUSTER_OWN_ADDRESSES,
      ]);
      await addresses.start();
      shutdown.at('work', () => {
        addresses.stop();
      });
      return addresses;
    },
  },
  {
    provide: Resolver,
    inject: [OwnAddresses],
    useFactory: (addresses: OwnAddresses) =>
      new Resolver(() => ({
        loopback: config.MUSTER_DIAL_LOOPBACK,
        private: config.MUSTER_DIAL_PRIVATE,
        ports: config.MUSTER_DIAL_PORTS,
        own: addresses.own,
        interfaces: addresses.interfaces,
      })),
  },
  {
    provide: LinkMaker,
    inject: [Resolver, AccessKeys],
    useFactory: (resolver: Resolver, keys: AccessKeys) => new LinkMaker(resolver, dialAddresses, () => keys.keys()),
  },
  {
    provide: Verification,
    inject: [Resolver, AccessKeys, KnownFleet, Clock],
    useFactory: (resolver: Resolver, keys: AccessKeys, fleet: KnownFleet, clock: Clock) =>
      new Verification({
        resolver,
        dial: dialAddresses,
        accessKey: () => keys.keys()[0],
        nodes: () => fleet.nodes.values(),
        monotonicMs: () => clock.monotonicMs(),
      }),
  },
];

const linksProvider: FactoryProvider = {
  provide: Links,
  inject: [MONITOR_ID, Bus, EventStore, HealthFacts, KnownFleet, AccessKeys, LinkMaker, Clock, Ids, Logger, Shutdown],
  useFactory: async (
    monitorId: string,
    bus: Bus,
    store: EventStore,
    facts: HealthFacts,
    fleet: KnownFleet,
    keys: AccessKeys,
    maker: LinkMaker,
    clock: Clock,
    ids: Ids,
    log: Logger,
    shutdown: Shutdown,
  ) => {
    const leases = new Leases({
      database: store.database,
      // One life of one process: two that are given the same name by mistake still hold no node together.
      holder: `${monitorId}.${ids.uuid()}`,
      monotonicMs: () => clock.monotonicMs(),
      onError: (error) => {
        log.warn(
          { msg: 'The leases could not be renewed; nodes are let go before they run out', err: error },
          'Monitor',
        );
      },
    });
    const world = {
      monitorId,
      rules: healthRules,
      clock,
      ids,
      random: () => Math.random(),
      links: maker,
      facts,
      bus,
      onFault: (nodeId: string, error: unknown) => {
        log.error({ msg: 'Watching a node failed', nodeId, err: error }, 'Monitor');
      },
    };
    const links = new Links({ world, bus, fleet, keys, maker, leases, facts });
    shutdown.at('work', () => links.stop());
    await links.start();
    log.log({ msg: `Watching ${links.size} nodes as ${monitorId}`, monitorId }, 'Monitor');
    return links;
  },
};
