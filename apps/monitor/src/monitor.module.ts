import { randomBytes } from 'node:crypto';
import { Bus, seal } from '@muster/bus';
import { EventStore, openServiceStore, type Relay, startServiceRelay, StoreDesk } from '@muster/event-store';
import {
  Clock,
  dialSettingsOf,
  Health,
  Ids,
  Logger,
  Metrics,
  OwnAddresses,
  Resolver,
  servicesOf,
  Shutdown,
} from '@muster/service';
import { type DynamicModule, type FactoryProvider, Module } from '@nestjs/common';
import type { MonitorConfig } from './config.js';
import { HealthFacts } from './health/health-facts.js';
import { healthRules } from './health/health-rules.js';
import { KnownFleet } from './links/known-fleet.js';
import { KnownSettings } from './links/known-settings.js';
import { Leases } from './links/leases.js';
import { LinkMaker } from './links/link-maker.js';
import { Links } from './links/links.js';
import { Leases1764000100000 } from './migrations/1764000100000-leases.js';
import { Telemetry1764000100010 } from './migrations/1764000100010-telemetry.js';
import { TelemetryKeeper } from './telemetry/telemetry-keeper.js';
import { LinkCounts, measureLinks } from './metrics/monitor-metrics.js';
import { StoreController } from './store/store.controller.js';
import { dialAddresses } from './verify/dial-addresses.js';
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
      controllers: [StoreController, VerifyController],
      providers: [
        {
          provide: MONITOR_ID,
          useValue: config.MUSTER_MONITOR_ID ?? `monitor-${randomBytes(4).toString('hex')}`,
        },
        LinkCounts,
        ...storeProviders(config),
        ...knownProviders(config),
        ...dialProviders(config),
        linksProvider(config),
      ],
    };
  }
}

const storeProviders = ({ DATABASE_URL }: MonitorConfig): FactoryProvider[] => [
  {
    provide: EventStore,
    inject: [Health, Shutdown, Ids, Logger, Metrics],
    useFactory: (health: Health, shutdown: Shutdown, ids: Ids, log: Logger, metrics: Metrics) =>
      openServiceStore(
        'monitor',
        { health, shutdown, ids, log, metrics },
        { url: DATABASE_URL, migrations: [Leases1764000100000, Telemetry1764000100010] },
      ),
  },
  {
    provide: RELAY,
    inject: [EventStore, Bus, Health, Shutdown, Logger, Metrics],
    useFactory: (store: EventStore, bus: Bus, health: Health, shutdown: Shutdown, log: Logger, metrics: Metrics) =>
      startServiceRelay('monitor', { health, shutdown, log, metrics }, store, bus, ['HEALTH']),
  },
  {
    provide: StoreDesk,
    inject: [EventStore, RELAY],
    useFactory: ({ database }: EventStore, relay: Relay) => new StoreDesk('monitor', database, relay),
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

const knownProviders = (config: MonitorConfig): FactoryProvider[] => [
  { provide: KnownFleet, useFactory: () => new KnownFleet() },
  {
    provide: KnownSettings,
    inject: [Health, Logger],
    useFactory: (health: Health, log: Logger) => {
      const settings = new KnownSettings({
        secret: config.MUSTER_SECRET,
        dial: dialSettingsOf(config),
        onProblem: (error) => {
          log.error(
            { msg: 'The access key can not be opened: is MUSTER_SECRET the registry’s?', err: error },
            'Monitor',
          );
        },
      });
      health.add('access-key', () => {
        if (settings.broken) return { state: 'down', words: 'The access key was sealed with another MUSTER_SECRET' };
        return settings.keys().length > 0
          ? { state: 'up' }
          : { state: 'degraded', words: 'The access key is not known yet' };
      });
      return settings;
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
    inject: [OwnAddresses, KnownSettings],
    useFactory: (addresses: OwnAddresses, settings: KnownSettings) =>
      new Resolver(() => ({ ...settings.dial, own: addresses.own, interfaces: addresses.interfaces })),
  },
  {
    provide: LinkMaker,
    inject: [Resolver, KnownSettings, LinkCounts],
    useFactory: (resolver: Resolver, settings: KnownSettings, counts: LinkCounts) =>
      new LinkMaker(
        resolver,
        dialAddresses,
        () => settings.keys(),
        (outcome) => {
          counts.dialed(outcome);
        },
      ),
  },
  {
    provide: Verification,
    inject: [Resolver, KnownSettings, KnownFleet, Clock],
    useFactory: (resolver: Resolver, settings: KnownSettings, fleet: KnownFleet, clock: Clock) =>
      new Verification({
        resolver,
        dial: dialAddresses,
        keys: () => settings.keys(),
        nodes: () => fleet.nodes.values(),
        monotonicMs: () => clock.monotonicMs(),
      }),
  },
];

/** Of each node so many lines at most, however fast it writes. */
const LOG_ENTRIES_PER_NODE = 100_000;

const linksProvider = ({ MUSTER_SECRET: secret }: MonitorConfig): FactoryProvider => ({
  provide: Links,
  inject: [
    MONITOR_ID,
    Bus,
    EventStore,
    HealthFacts,
    KnownFleet,
    KnownSettings,
    LinkMaker,
    Clock,
    Ids,
    Logger,
    Shutdown,
    LinkCounts,
    Metrics,
  ],
  useFactory: async (
    monitorId: string,
    bus: Bus,
    store: EventStore,
    facts: HealthFacts,
    fleet: KnownFleet,
    settings: KnownSettings,
    maker: LinkMaker,
    clock: Clock,
    ids: Ids,
    log: Logger,
    shutdown: Shutdown,
    counts: LinkCounts,
    metrics: Metrics,
  ) => {
    const measure = measureLinks(metrics, counts);
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
      seal: (text: string) => seal(secret, text),
      kept: store.database,
      onFault: (nodeId: string, error: unknown) => {
        log.error({ msg: 'Watching a node failed', nodeId, err: error }, 'Monitor');
      },
      onFrame: (type: string) => {
        counts.frame(type);
      },
    };
    const keeper = new TelemetryKeeper({
      database: store.database,
      wallMs: () => Date.parse(clock.now()),
      retention: () => {
        const { logLinesDays, rollUpsDays } = settings.retention;
        return { logDays: logLinesDays, logEntriesPerNode: LOG_ENTRIES_PER_NODE, minutesDays: rollUpsDays };
      },
      onTrouble: (error) => {
        if (error === undefined) log.log('Samples and logs are kept again', 'Monitor');
        else log.warn({ msg: 'Samples and logs can not be kept: they wait', err: error }, 'Monitor');
      },
    });
    const links = new Links({ world, bus, fleet, settings, maker, leases, facts, keeper });
    shutdown.at('work', () => links.stop());
    await links.start();
    measure(links);
    log.log({ msg: `Watching ${links.size} nodes as ${monitorId}`, monitorId }, 'Monitor');
    return links;
  },
});
