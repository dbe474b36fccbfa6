import { Bus, ServerWatch } from '@muster/bus';
import { EventStore, openServiceStore, type Relay, startServiceRelay, StoreDesk } from '@muster/event-store';
import { Clock, Health, Ids, Logger, Metrics, Shutdown } from '@muster/service';
import { type DynamicModule, type FactoryProvider, Module } from '@nestjs/common';
import { AccountsController } from './accounts/accounts.controller.js';
import { Accounts } from './accounts/accounts.js';
import { FirstAccount } from './accounts/first-account.js';
import { giveNewPermissions } from './accounts/new-permissions.js';
import { OwnPassword } from './accounts/own-password.js';
import { Passwords } from './accounts/passwords.js';
import { SessionsController } from './accounts/sessions.controller.js';
import { Sessions } from './accounts/sessions.js';
import { SignIns } from './accounts/sign-in.js';
import { Throttle } from './accounts/throttle.table.js';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { ApiKeys } from './api-keys/api-keys.js';
import { registryTables } from './database.js';
import { firstSettings, type RegistryConfig } from './config.js';
import { HistoryController } from './history/history.controller.js';
import { HistoryTeller } from './history/history-teller.js';
import { IntegrationsController } from './integrations/integrations.controller.js';
import { IntegrationWatch, type WatchParts } from './integrations/integration-watch.js';
import { Integrations } from './integrations/integrations.js';
import { GrowingLog } from './integrations/nats-log.js';
import { AutoConnect } from './nodes/auto-connect.js';
import { NodesController } from './nodes/nodes.controller.js';
import { Nodes } from './nodes/nodes.js';
import { KeyRotation } from './settings/key-rotation.js';
import { SettingsBucket } from './settings/settings-bucket.js';
import { SettingsController } from './settings/settings.controller.js';
import { Settings } from './settings/settings.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';
import { Webhooks } from './webhooks/webhooks.js';
import { RegistryProjections } from './store/projections.js';
import { StoreController } from './store/store.controller.js';

const RELAY = Symbol('relay');

/** The registry's parts, wired. What runs by itself (relay, bucket, looking for a first node) starts with the providers. */
@Module({})
export class RegistryModule {
  static with(config: RegistryConfig): DynamicModule {
    return {
      module: RegistryModule,
      controllers: [
        AccountsController,
        ApiKeysController,
        HistoryController,
        IntegrationsController,
        NodesController,
        SessionsController,
        SettingsController,
        StoreController,
        WebhooksController,
      ],
      providers: [
        ...storeProviders(config),
        ...accountProviders(config),
        ...keyProviders,
        ...integrationProviders(config),
        webhooksProvider(config),
        ...settingsProviders(config),
        ...nodeProviders(config),
      ],
    };
  }
}

const storeProviders = ({ DATABASE_URL }: RegistryConfig): FactoryProvider[] => [
  {
    provide: EventStore,
    inject: [Health, Shutdown, Ids, Logger, Metrics],
    useFactory: (health: Health, shutdown: Shutdown, ids: Ids, log: Logger, metrics: Metrics) =>
      openServiceStore('registry', { health, shutdown, ids, log, metrics }, { url: DATABASE_URL, ...registryTables }),
  },
  {
    provide: RELAY,
    inject: [EventStore, Bus, Health, Shutdown, Logger, Metrics],
    useFactory: (store: EventStore, bus: Bus, health: Health, shutdown: Shutdown, log: Logger, metrics: Metrics) =>
      startServiceRelay('registry', { health, shutdown, log, metrics }, store, bus, ['FLEET', 'ACCESS']),
  },
  {
    provide: RegistryProjections,
    inject: [EventStore, Bus, Ids, Logger, Shutdown],
    useFactory: (store: EventStore, bus: Bus, ids: Ids, log: Logger, shutdown: Shutdown) => {
      const projections = new RegistryProjections({
        store,
        bus,
        newId: () => ids.uuid(),
        onGrown: new HistoryTeller(bus, ids.uuid()).tell,
        onParked: (projection, stream) => {
          log.error(
            { msg: 'A fact can not be taken in; its stream waits until somebody looks', projection, stream },
            'Registry',
          );
        },
        onFailure: (projection, error) => {
          log.error({ msg: 'A read model could not go on; it is tried again', projection, err: error }, 'Registry');
        },
      });
      shutdown.at('work', () => projections.stop());
      return projections;
    },
  },
  {
    provide: StoreDesk,
    inject: [EventStore, RELAY, RegistryProjections],
    useFactory: ({ database }: EventStore, relay: Relay, { retries }: RegistryProjections) =>
      new StoreDesk('registry', database, relay, retries),
  },
];

const accountProviders = ({ MUSTER_FIRST_CODE }: RegistryConfig): FactoryProvider[] => [
  { provide: Passwords, useFactory: () => Passwords.open() },
  { provide: Throttle, inject: [EventStore], useFactory: (store: EventStore) => new Throttle(store.database) },
  {
    provide: Accounts,
    inject: [EventStore, Passwords, Clock, Ids],
    useFactory: async (store: EventStore, passwords: Passwords, clock: Clock, ids: Ids) => {
      const accounts = new Accounts(store, passwords);
      await giveNewPermissions(store, accounts, clock, ids);
      return accounts;
    },
  },
  {
    provide: Sessions,
    inject: [EventStore, Clock, Ids],
    useFactory: (store: EventStore, clock: Clock, ids: Ids) => new Sessions(store, clock, ids),
  },
  {
    provide: FirstAccount,
    inject: [Accounts, Sessions, Throttle, Clock, Ids],
    useFactory: (accounts: Accounts, sessions: Sessions, throttle: Throttle, clock: Clock, ids: Ids) =>
      new FirstAccount(MUSTER_FIRST_CODE, accounts, sessions, throttle, clock, ids),
  },
  {
    provide: OwnPassword,
    inject: [EventStore, Accounts, Passwords, Throttle, Clock],
    useFactory: (store: EventStore, accounts: Accounts, passwords: Passwords, throttle: Throttle, clock: Clock) =>
      new OwnPassword(store, accounts, passwords, throttle, clock),
  },
  {
    provide: SignIns,
    inject: [EventStore, Passwords, Throttle, Sessions, Clock, Ids, Logger, Shutdown],
    useFactory: (
      store: EventStore,
      passwords: Passwords,
      throttle: Throttle,
      sessions: Sessions,
      clock: Clock,
      ids: Ids,
      log: Logger,
      shutdown: Shutdown,
    ) => {
      const onLost = (error: unknown) => {
        log.error({ msg: 'A row of refused sign-ins could not be written down', err: error }, 'Registry');
      };
      const signIns = new SignIns({ store, passwords, throttle, sessions, clock, ids, onLost });
      shutdown.at('work', () => signIns.settled());
      return signIns;
    },
  },
];

const keyProviders: FactoryProvider[] = [
  {
    provide: ApiKeys,
    inject: [EventStore, Bus, Clock, Ids, Logger, Shutdown],
    useFactory: (store: EventStore, bus: Bus, clock: Clock, ids: Ids, log: Logger, shutdown: Shutdown) => {
      const keys = new ApiKeys(store, clock, ids);
      const uses = bus.onKeyUses(({ keyId, at }) => {
        keys.used(keyId, at).catch((error: unknown) => {
          log.debug({ msg: 'The use of an API key could not be noted', err: error }, 'Registry');
        });
      });
      shutdown.at('work', () => uses.stop());
      return keys;
    },
  },
];

const integrationProviders = (config: RegistryConfig): FactoryProvider[] => [
  {
    provide: Integrations,
    inject: [EventStore, Clock],
    useFactory: (store: EventStore, clock: Clock) => new Integrations(store, clock),
  },
  {
    provide: IntegrationWatch,
    inject: [EventStore, Bus, Integrations, Clock, Ids, Logger, Shutdown],
    useFactory: async (
      store: EventStore,
      bus: Bus,
      integrations: Integrations,
      clock: Clock,
      ids: Ids,
      log: Logger,
      shutdown: Shutdown,
    ) => {
      const tell: WatchParts['tell'] = (level, what) => {
        log[level](what, 'Integrations');
      };
      const servers = config.NATS_SYSTEM_URL;
      const server =
        servers === undefined
          ? undefined
          : await ServerWatch.open({ servers, name: 'registry' }).catch((err: unknown) => {
              tell('warn', { msg: 'NATS lets nobody ask who is connected: see NATS_SYSTEM_URL', err });
              return undefined;
            });
      const watch = new IntegrationWatch({
        ...{ store, bus, integrations, clock, ids, server, tell },
        usersFile: config.NATS_USERS_FILE,
        log: config.NATS_LOG_FILE === undefined ? undefined : new GrowingLog(config.NATS_LOG_FILE),
      });
      await watch.start();
      shutdown.at('work', () => watch.stop());
      return watch;
    },
  },
];

const webhooksProvider = ({ MUSTER_SECRET }: RegistryConfig): FactoryProvider => ({
  provide: Webhooks,
  inject: [EventStore, Clock],
  useFactory: (store: EventStore, clock: Clock) => new Webhooks(store, clock, MUSTER_SECRET),
});

const settingsProviders = (config: RegistryConfig): FactoryProvider[] => [
  {
    provide: Settings,
    inject: [EventStore, Clock, Ids],
    useFactory: async (store: EventStore, clock: Clock, ids: Ids) => {
      const { MUSTER_SECRET: secret, MUSTER_ACCESS_KEY: firstAccessKey } = config;
      const settings = new Settings({ store, secret, clock, ids, unset: firstSettings(config), firstAccessKey });
      await settings.start();
      return settings;
    },
  },
  {
    provide: SettingsBucket,
    inject: [Settings, Bus, Shutdown, Logger],
    useFactory: (settings: Settings, bus: Bus, shutdown: Shutdown, log: Logger) => {
      const bucket = new SettingsBucket(settings, bus, (error) => {
        log.debug({ msg: 'The settings could not be compared with the bucket', err: error }, 'Registry');
      });
      shutdown.at('work', () => bucket.stop());
      return bucket;
    },
  },
  {
    provide: KeyRotation,
    inject: [Settings, SettingsBucket, Bus, Ids, Shutdown, Logger],
    useFactory: (
      settings: Settings,
      bucket: SettingsBucket,
      bus: Bus,
      ids: Ids,
      shutdown: Shutdown,
      log: Logger,
    ): KeyRotation => {
      const onFailure = (error: unknown) => {
        log.warn({ msg: 'The rotation of the access key could not be looked at', err: error }, 'Registry');
      };
      const rotation = new KeyRotation({ settings, bucket, bus, ids, onFailure });
      rotation.start();
      shutdown.at('work', () => rotation.stop());
      return rotation;
    },
  },
];

const nodeProviders = ({ MUSTER_LOCAL_NODE: address }: RegistryConfig): FactoryProvider[] => [
  { provide: Nodes, inject: [EventStore, Bus], useFactory: (store: EventStore, bus: Bus) => new Nodes(store, bus) },
  {
    provide: AutoConnect,
    inject: [EventStore, Bus, Nodes, Clock, Ids, Logger, Shutdown],
    useFactory: (
      store: EventStore,
      bus: Bus,
      nodes: Nodes,
      clock: Clock,
      ids: Ids,
      log: Logger,
      shutdown: Shutdown,
    ) => {
      if (address === null) return null;
      const { database } = store;
      const tell = (words: string) => {
        log.debug(words, 'Registry');
      };
      const autoConnect = new AutoConnect({ address, database, bus, nodes, clock, ids, tell });
      shutdown.at('work', () => autoConnect.stop());
      return autoConnect;
    },
  },
];
