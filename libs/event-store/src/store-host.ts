import type { DataSource } from 'typeorm';
import type { StreamName } from '@muster/contracts';
import { connectionsOf, type DatabaseOptions, openDatabase } from './database.js';
import { countParked } from './parked.js';
import { type RelayHealth, relayHealth, relayLine } from './relay-words.js';
import { type Relay, startRelay } from './relay.js';
import type { RelayBus } from './relay-notice.js';
import { EventStore } from './store.js';

/** What a service gives to the store that it keeps. Its own Health, Shutdown, Ids and log fit. */
export interface StoreHost {
  readonly health: { add(name: string, check: () => Promise<RelayHealth>): void };
  readonly shutdown: { at(stage: 'work' | 'database', close: () => Promise<void>): void };
  readonly ids: { uuid(): string };
  readonly log: { log(line: object, context: string): void; warn(line: object, context: string): void };
  readonly metrics: { gauge(name: string, help: string, read: () => Readings | Promise<Readings>): void };
}

/** What a gauge of the service's metrics takes: one number, or one for each set of labels. */
type Readings = number | Iterable<{ readonly value: number; readonly labels?: Readonly<Record<string, string>> }>;

export type ServiceDatabase = Omit<DatabaseOptions, 'schema' | 'applicationName' | 'onLost'>;

const titleOf = (service: string): string => service.charAt(0).toUpperCase() + service.slice(1);

/**
 * Opens a service's part of the database, which has the name of the service, with its check of readiness and its place in
 * the shutdown. Rejects with an Outage when the server does not answer in time.
 */
export async function openServiceDatabase(
  service: string,
  { health, shutdown, log, metrics }: Pick<StoreHost, 'health' | 'shutdown' | 'log' | 'metrics'>,
  options: ServiceDatabase,
): Promise<DataSource> {
  const database = await openDatabase({
    ...options,
    schema: service,
    applicationName: service,
    onLost: (error) => {
      log.warn({ msg: 'A connection to the database broke', err: error }, titleOf(service));
    },
  });
  shutdown.at('database', () => database.destroy());
  health.add('database', async () => {
    await database.query('select 1');
    return { state: 'up' };
  });
  metrics.gauge('muster_database_connections', 'Connections of the pool to Postgres', () => {
    const { busy, idle } = connectionsOf(database);
    return [
      { value: busy, labels: { state: 'busy' } },
      { value: idle, labels: { state: 'idle' } },
    ];
  });
  metrics.gauge(
    'muster_database_waiting_calls',
    'Calls that wait for a connection of the pool',
    () => connectionsOf(database).waiting,
  );
  return database;
}

/** Opens the event store of a service; see openServiceDatabase. */
export const openServiceStore = async (
  service: string,
  host: StoreHost,
  options: ServiceDatabase,
): Promise<EventStore> =>
  new EventStore(await openServiceDatabase(service, host, options), { newId: () => host.ids.uuid() });

/** Starts the relay of a service's store, with its lines in the log, its checks of readiness and its place in the shutdown. */
export function startServiceRelay(
  service: string,
  { health, shutdown, log, metrics }: Pick<StoreHost, 'health' | 'shutdown' | 'log' | 'metrics'>,
  store: EventStore,
  bus: RelayBus,
  streams: readonly StreamName[],
): Relay {
  const relay = startRelay(store, bus, {
    streams,
    onNotice: (notice) => {
      const { level, line } = relayLine(notice);
      log[level === 'info' ? 'log' : 'warn'](line, titleOf(service));
    },
  });
  shutdown.at('work', () => relay.stop());
  health.add('relay', () => relayHealth(relay));
  relayMetrics(metrics, relay, store);
  health.add('parked', async () => {
    const parked = await countParked(store.database);
    return parked === 0
      ? { state: 'up' }
      : { state: 'degraded', words: `${parked} streams of facts wait until somebody looks at them` };
  });
  return relay;
}

/** One look at the lag serves both figures of a reading. */
function relayMetrics(metrics: StoreHost['metrics'], relay: Relay, store: EventStore): void {
  let looking: ReturnType<Relay['lag']> | undefined;
  const lag = () =>
    (looking ??= relay.lag().finally(() => {
      looking = undefined;
    }));
  metrics.gauge('muster_relay_leading', 'Whether this process publishes the facts of its service', () =>
    relay.leading ? 1 : 0,
  );
  metrics.gauge(
    'muster_relay_waiting_facts',
    'Facts that are committed and not yet on the bus, as far as this process knows; counted up to 10,000 a stream',
    async () => (await lag()).events,
  );
  metrics.gauge(
    'muster_relay_lag_seconds',
    'Age of the oldest fact that is not yet on the bus',
    async () => (await lag()).seconds,
  );
  metrics.gauge('muster_parked_streams', 'Streams of facts that wait until somebody looks at them', () =>
    countParked(store.database),
  );
}
