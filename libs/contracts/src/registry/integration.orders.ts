import * as z from 'zod/mini';
import { orderTo } from '../order.js';
import { HttpCall, HttpReader, IntegrationTrouble } from './http-reading.js';
import {
  IntegrationDoors,
  IntegrationId,
  IntegrationName,
  IntegrationPrefix,
  IntegrationSecret,
  IntegrationStream,
  IntegrationStreams,
  SuspensionCause,
  SuspensionReason,
} from './integration.events.js';
import { Changed } from './node.orders.js';

const expectedVersion = z.optional(z.number().check(z.int(), z.gte(1)));
const managing = { allowed: 'integrations:manage' } as const;
const one = z.object({ integrationId: IntegrationId, expectedVersion });

export const IntegrationState = z.enum(['active', 'suspended', 'revoked']);
export type IntegrationState = z.infer<typeof IntegrationState>;

/** What an integration may hold at a time, and do. Who breaks a bound is suspended until a person resumes it. */
export const integrationBounds = {
  /** Connections to NATS. */
  connections: 16,
  /** Subscriptions of one of them. */
  subscriptions: 64,
} as const;

/** An open connection to NATS. */
export const IntegrationConnection = z.object({
  address: z.string(),
  /** What the client calls itself, and its library. */
  client: z.string(),
  since: z.string(),
  /** What NATS holds for it, since it does not take it. */
  pendingBytes: z.number(),
  subscriptions: z.number(),
});
export type IntegrationConnection = z.infer<typeof IntegrationConnection>;

/** How far an integration has read a stream by its consumer. */
export const IntegrationReading = z.object({
  stream: IntegrationStream,
  consumer: z.string(),
  /** Facts that it has not been given yet, those that it did not acknowledge yet, and those given more than once. */
  waiting: z.number(),
  unacknowledged: z.number(),
  repeated: z.number(),
  /** Number in the stream up to which all is acknowledged. */
  acknowledged: z.number(),
  acknowledgedAt: z.optional(z.string()),
});
export type IntegrationReading = z.infer<typeof IntegrationReading>;

/** What an integration does at the doors, as it was when last looked at. */
export const IntegrationActivity = z.object({
  /** How many connections to NATS it has; at most 16 of them are told one by one. Absent where nobody lets the registry ask NATS. */
  connected: z.optional(z.number()),
  connections: z.array(IntegrationConnection),
  readings: z.array(IntegrationReading),
  /** What it reads over HTTP, at all gateways together. Absent when it has not called within a day. */
  http: z.optional(
    z.object({
      /** How many streams and waiting calls are open; at most 20 of them are told one by one. */
      open: z.number(),
      readers: z.array(HttpReader),
      lastCall: z.optional(HttpCall),
    }),
  ),
  troubles: z.array(IntegrationTrouble),
});
export type IntegrationActivity = z.infer<typeof IntegrationActivity>;

/** An integration as those see it who manage them. Never its secret. */
export const ListedIntegration = z.object({
  integrationId: IntegrationId,
  name: z.string(),
  streams: IntegrationStreams,
  doors: IntegrationDoors,
  /** Its name as a user of NATS. */
  natsUser: z.string(),
  prefix: IntegrationPrefix,
  state: IntegrationState,
  suspended: z.optional(
    z.object({ because: SuspensionCause, reason: z.optional(z.string()), at: z.iso.datetime(), by: z.string() }),
  ),
  createdAt: z.iso.datetime(),
  /** When the present secret was made. */
  secretSince: z.iso.datetime(),
  revokedAt: z.optional(z.iso.datetime()),
  /** When it was last seen at a door. Noted once a minute at most. */
  lastSeenAt: z.optional(z.iso.datetime()),
  /** Absent while nothing is known of it: the bus is away. */
  activity: z.optional(IntegrationActivity),
  /** What a change may name as the version it was decided on. */
  version: z.number(),
});
export type ListedIntegration = z.infer<typeof ListedIntegration>;

/** What is shown once: the secret, which is the NATS password and the bearer's token alike. */
export const ShownSecret = z.object({ secret: IntegrationSecret, natsUser: z.string(), version: z.number() });
export type ShownSecret = z.infer<typeof ShownSecret>;

/**
 * Makes an integration and answers with its secret, this once. Refuses with `not-permitted` streams that whoever orders it may not
 * read, and with `secret-shown-once` a retry that comes too late.
 */
export const CreateIntegration = orderTo('registry', 'create-integration', {
  ...managing,
  request: z.object({
    integrationId: IntegrationId,
    name: IntegrationName,
    streams: IntegrationStreams,
    doors: IntegrationDoors,
  }),
  reply: ShownSecret,
});

/** Changes what is given. What it may not read any more it is not sent from now on. */
export const ChangeIntegration = orderTo('registry', 'change-integration', {
  ...managing,
  request: z.extend(one, {
    name: z.optional(IntegrationName),
    streams: z.optional(IntegrationStreams),
    doors: z.optional(IntegrationDoors),
  }),
  reply: Changed,
});

/** Another secret in place of the one it has, which is refused from now on. */
export const ReplaceIntegrationSecret = orderTo('registry', 'replace-integration-secret', {
  ...managing,
  request: one,
  reply: ShownSecret,
});

/** Lets it in nowhere until it is resumed. */
export const SuspendIntegration = orderTo('registry', 'suspend-integration', {
  ...managing,
  request: z.extend(one, { reason: z.optional(SuspensionReason) }),
  reply: Changed,
});

export const ResumeIntegration = orderTo('registry', 'resume-integration', {
  ...managing,
  request: one,
  reply: Changed,
});

/** Lets it in nowhere from now on, for good, and removes what the bus keeps for it. */
export const RevokeIntegration = orderTo('registry', 'revoke-integration', {
  ...managing,
  request: one,
  reply: Changed,
});

/** Every integration that is not revoked, and those revoked within the last 30 days; by name, in parts. */
export const ListIntegrations = orderTo('registry', 'list-integrations', {
  ...managing,
  request: z.object({}),
  reply: z.object({
    integrations: z.array(ListedIntegration),
    /** Who gives outsiders their users of NATS: Muster, or the operator of a NATS that Muster only uses. */
    natsUsers: z.enum(['muster', 'operator']),
  }),
  answers: 'stream',
});

/**
 * Where a consumer is to begin: `start` (the oldest fact that is kept), `now` (what comes from now on), or a position: behind the fact
 * with it; of REQUESTS, whose facts have none, behind the message with this number in the stream.
 */
export const ReadingStart = z.union(
  [z.enum(['start', 'now']), z.number().check(z.int(), z.gte(0))],
  'This must be start, now or a position',
);
export type ReadingStart = z.infer<typeof ReadingStart>;

/** Has an integration's consumer of a stream begin elsewhere. Refuses with `position-ahead` and `position-too-old`. */
export const SetReading = orderTo('registry', 'set-integration-reading', {
  ...managing,
  request: z.object({ integrationId: IntegrationId, stream: IntegrationStream, from: ReadingStart }),
  reply: z.object({ consumer: z.string() }),
});

/** The same for the integration itself, whose secret the gateway has seen. */
export const SetOwnReading = orderTo('registry', 'set-own-reading', {
  allowed: 'services',
  request: z.object({ integrationId: IntegrationId, stream: IntegrationStream, from: ReadingStart }),
  reply: z.object({ consumer: z.string() }),
});

/** How far an integration has read, for whom the gateway has let in: those who manage it, and itself. Not older than 2 s. */
export const ListReadings = orderTo('registry', 'list-integration-readings', {
  allowed: 'services',
  request: z.object({ integrationId: IntegrationId }),
  reply: z.object({ readings: z.array(IntegrationReading) }),
});

export const integrationOrders = {
  SetReading,
  SetOwnReading,
  ListReadings,
  CreateIntegration,
  ChangeIntegration,
  ReplaceIntegrationSecret,
  SuspendIntegration,
  ResumeIntegration,
  RevokeIntegration,
  ListIntegrations,
};
