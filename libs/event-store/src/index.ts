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
export { type Numbered, readNumbered } from './feed.js';
export { type ForeignOptions, foreignRow, type Owner, startForeignProjection } from './foreign-facts.js';
export { type Handled, handlerFor, type HandleOptions, type HandlerOptions } from './handler.js';
export type { Lag } from './lag.js';
export { type Hold, Lead, type Led } from './lead.js';
export { countParked, listParked, type Parked } from './parked.js';
export { checkpointOf, type Projection, projection, type ProjectionOptions } from './projection.js';
export { type Projections, type ProjectionsOptions, startProjections } from './projector.js';
export {
  type Lane,
  type ReadFacts,
  rebuild,
  type Rebuildable,
  rebuildable,
  type RebuildOptions,
  type Rebuilt,
} from './rebuild.js';
export { type Relay, type RelayOptions, startRelay } from './relay.js';
export type { RelayBus, RelayNotice } from './relay-notice.js';
export { type RelayHealth, relayHealth, relayLine } from './relay-words.js';
export { type ReadWaiting, type Retried, retryParked } from './retry-parked.js';
export type { SnapshotOptions } from './snapshots.js';
export { StoreDesk } from './store-desk.js';
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
