import * as z from 'zod/mini';
import { orderTo } from '../order.js';
import {
  IntegrationDoors,
  IntegrationId,
  IntegrationName,
  IntegrationPrefix,
  IntegrationSecret,
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
  reply: z.object({ integrations: z.array(ListedIntegration) }),
  answers: 'stream',
});

export const integrationOrders = {
  CreateIntegration,
  ChangeIntegration,
  ReplaceIntegrationSecret,
  SuspendIntegration,
  ResumeIntegration,
  RevokeIntegration,
  ListIntegrations,
};
