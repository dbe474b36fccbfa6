import * as z from 'zod/mini';
import { orderTo } from '../order.js';

/** The services that keep facts in a store of their own, and so may have some that wait. */
export const StoreService = z.enum(['registry', 'monitor']);
export type StoreService = z.infer<typeof StoreService>;

const ProjectionName = z
  .string()
  .check(z.minLength(1), z.maxLength(64), z.regex(/^[a-z0-9-]+$/, 'This is no projection'));
const StreamName = z.string().check(z.minLength(1), z.maxLength(200));

/** So much of a raw fact is shown. */
export const MOST_RAW_CHARACTERS = 16_384;

/** A stream of facts that waits, because one of them could not be taken in. */
export const ParkedStream = z.object({
  service: StoreService,
  /** What could not take it in: a read model, or `relay`, which brings facts to the bus. */
  projection: z.string(),
  stream: z.string(),
  /** The fact that it waits at. */
  position: z.number(),
  version: z.number(),
  reason: z.string(),
  since: z.iso.datetime(),
  /** How often it was tried, the first time included, and when last. */
  tries: z.number(),
  triedAt: z.iso.datetime(),
  type: z.string(),
  /** The fact as it is stored, as JSON on several lines; cut with a mark where it is very long. */
  raw: z.string(),
  /** Whether an order can try it again. */
  retry: z.boolean(),
});
export type ParkedStream = z.infer<typeof ParkedStream>;

/** How a store does: what waits to get on the bus, what is parked, and who holds all of it up. */
export const StoreState = z.object({
  parked: z.number(),
  /** Committed and not yet on the bus, and for how many seconds the oldest of them has waited. */
  waiting: z.object({ events: z.number(), seconds: z.number() }),
  /** The session of the database whose open transaction holds everything back, once it has done so for 2 s. */
  heldBy: z.optional(z.object({ pid: z.number(), applicationName: z.string(), seconds: z.number() })),
});
export type StoreState = z.infer<typeof StoreState>;

export const ParkedList = z.object({
  parked: z.array(ParkedStream),
  /** More wait than fit into one answer. */
  more: z.boolean(),
  store: StoreState,
});
export type ParkedList = z.infer<typeof ParkedList>;

/** A fact that a reader of the bus could not take and gave up, so that those after it go on. */
export const GivenUp = z.object({
  reader: z.string(),
  subject: z.string(),
  reason: z.string(),
  /** How often it was tried. */
  failures: z.number(),
  at: z.iso.datetime(),
  /** The data of the fact; cut with a mark where they are very long. */
  raw: z.string(),
});
export type GivenUp = z.infer<typeof GivenUp>;

/** What waits in all stores together. */
export const ParkedEverywhere = z.object({
  parked: z.array(ParkedStream),
  more: z.boolean(),
  /** How each store does. One that is missing here did not answer: what waits there is not known. */
  stores: z.array(z.object({ service: StoreService, state: StoreState })),
  /** The newest that were given up, newest first; kept for 30 days. */
  givenUp: z.array(GivenUp),
});
export type ParkedEverywhere = z.infer<typeof ParkedEverywhere>;

/** How a retry ended. */
export const Retried = z.object({
  outcome: z.enum(['goes-on', 'still-parked', 'not-parked']),
  /** With `goes-on`: how many facts were taken in. */
  taken: z.optional(z.number()),
  /** With `still-parked`: why. */
  reason: z.optional(z.string()),
});
export type Retried = z.infer<typeof Retried>;

const listParked = (service: StoreService) =>
  orderTo(service, 'list-parked', { request: z.object({}), reply: ParkedList, allowed: 'settings:manage' });

const readStore = (service: StoreService) =>
  orderTo(service, 'read-store-state', { request: z.object({}), reply: StoreState, allowed: 'services' });

/** Takes in what waits of a stream, all of it or nothing. */
const retryParked = (service: StoreService) =>
  orderTo(service, 'retry-parked', {
    request: z.object({ projection: ProjectionName, stream: StreamName }),
    reply: Retried,
    allowed: 'settings:manage',
    deadlineMs: 15_000,
  });

export const ListRegistryParked = listParked('registry');
export const RetryRegistryParked = retryParked('registry');
export const ReadRegistryStore = readStore('registry');
export const ListMonitorParked = listParked('monitor');
export const RetryMonitorParked = retryParked('monitor');

export const ReadMonitorStore = readStore('monitor');

/** Every service's orders about its store and what waits there. */
export const parkedOrders = {
  registry: { list: ListRegistryParked, retry: RetryRegistryParked, state: ReadRegistryStore },
  monitor: { list: ListMonitorParked, retry: RetryMonitorParked, state: ReadMonitorStore },
} as const satisfies Record<StoreService, object>;
