export { type DatabaseOptions, openDatabase } from './database.js';
export {
  BrokenFact,
  CommandReused,
  Fenced,
  isOutage,
  onDatabase,
  type Reservation,
  ReservationTaken,
  VersionConflict,
} from './failures.js';
export { readNumbered } from './feed.js';
export { type Handled, handlerFor, type HandleOptions, type HandlerOptions } from './handler.js';
export type { Lag } from './lag.js';
export { listParked, type Parked, retryParked } from './parked.js';
export { checkpointOf, type Projection, projection } from './projection.js';
export { type Projections, type ProjectionsOptions, startProjections } from './projector.js';
export { rebuild, type Rebuilt } from './rebuild.js';
export { type Relay, type RelayBus, type RelayNotice, type RelayOptions, startRelay } from './relay.js';
export { type RelayHealth, relayHealth, relayLine } from './relay-words.js';
export type { SnapshotOptions } from './snapshots.js';
export {
  openServiceDatabase,
  openServiceStore,
  type ServiceDatabase,
  startServiceRelay,
  type StoreHost,
} from './store-host.js';
export { movePlace, startStreamProjection, streamPlaceOf, type StreamProjection } from './stream-projection.js';
export { APPEND_ONE, type Appended, type AppendOptions, EventStore, type EventStoreOptions } from './store.js';
export { type EventOf, type FactOf, readFact, type Stored } from './stored.js';
