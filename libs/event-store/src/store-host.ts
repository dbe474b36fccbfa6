import type { DataSource } from 'typeorm';
import type { StreamName } from '@muster/contracts';
import { type DatabaseOptions, openDatabase } from './database.js';
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
}

export type ServiceDatabase = Omit<DatabaseOptions, 'schema' | 'applicationName' | 'onLost'>;

const titleOf = (service: string): string => service.charAt(0).toUpperCase() + service.slice(1);

/**
 * Opens a service's part of the database, which has the name of the service, with its check of readiness and its place in
 * the shutdown. Rejects with an Outage when the server does not answer in time.
 */
export async function openServiceDatabase(
  service: string,
  { health, shutdown, log }: Pick<StoreHost, 'health' | 'shutdown' | 'log'>,
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
  { health, shutdown, log }: Pick<StoreHost, 'health' | 'shutdown' | 'log'>,
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
  health.add('parked', async () => {
    const parked = await countParked(store.database);
    return parked === 0
      ? { state: 'up' }
      : { state: 'degraded', words: `${parked} streams of facts wait until somebody looks at them` };
  });
  return relay;
}
