import * as z from 'zod/mini';
import { type StreamName, streams } from '../bus/streams.js';
import { visibleRemark, visibleText } from '../text.js';

export const IntegrationId = z.uuid('The integration id must be a UUID');

/** What people call an integration: 1 to 64 visible characters. Several may have the same. */
export const IntegrationName = visibleText('The name', 64);

/** The ways in which an outsider reads facts with an integration's secret. Webhooks are sent to it and need none. */
export const integrationDoors = {
  nats: 'As a user of NATS',
  http: 'As the bearer of a token, over HTTP',
} as const;

export type IntegrationDoor = keyof typeof integrationDoors;

export const allIntegrationDoors = Object.keys(integrationDoors) as readonly IntegrationDoor[];

export const IntegrationDoor = z.enum(
  allIntegrationDoors as [IntegrationDoor, ...IntegrationDoor[]],
  'This is not a door of an integration',
);

/** The streams that an integration may be let read: every stream of facts there is. */
export const integrationStreams = Object.keys(streams) as readonly StreamName[];

export const IntegrationStream = z.enum(
  integrationStreams as [StreamName, ...StreamName[]],
  'This is not a stream of facts',
);

/** Begins every secret of an integration, so that a person, a log scanner and the doors know one when they see it. */
export const INTEGRATION_MARK = 'msi_';

/** `msi_` and 256 random bits as base64url (RFC 4648 5, without padding). The registry stores only hashes of it. */
export const IntegrationSecret = z
  .string()
  .check(z.regex(/^msi_[A-Za-z0-9_-]{43}$/, 'This is not the secret of an integration'));

/** What is shown of a secret for good: its mark and its first six characters. 220 random bits are still to be guessed. */
export const IntegrationPrefix = z.string().check(z.regex(/^msi_[A-Za-z0-9_-]{6}$/));

/** The first characters of a secret, as they may be shown. */
export const prefixOfSecret = (secret: string): string => secret.slice(0, INTEGRATION_MARK.length + 6);

/** SHA-256 of a secret in hex, which a bearer's token is found by. There is nothing to guess in 256 random bits. */
export const IntegrationHash = z.string().check(z.regex(/^[0-9a-f]{64}$/));

/** bcrypt of a secret: the only hashed form that nats-server reads. */
export const NatsPasswordHash = z.string().check(z.regex(/^\$2[ab]\$\d{2}\$[./A-Za-z0-9]{53}$/));

/**
 * The name of an integration as a user of NATS: `integration-` and its whole id. Of a piece of the id two could have the same,
 * and then one would read what is the other's.
 */
export const natsUserOf = (integrationId: string): string => `integration-${integrationId}`;

/** Why an integration is held back: by a person, or since it broke a bound. */
export const suspensionCauses = {
  'by-hand': 'Suspended by hand',
  'too-many-connections': 'It held too many connections to NATS',
  'too-many-subscriptions': 'A connection of it held too many subscriptions',
} as const;

export type SuspensionCause = keyof typeof suspensionCauses;

export const SuspensionCause = z.enum(
  Object.keys(suspensionCauses) as [SuspensionCause, ...SuspensionCause[]],
  'This is not a cause of a suspension',
);

/** Words of whoever suspends it, for those who wonder. */
export const SuspensionReason = visibleRemark('The reason', 200);

const at = z.iso.datetime();
const chosenStreams = z.array(IntegrationStream).check(z.minLength(1, 'Choose a stream'));
const chosenDoors = z.array(IntegrationDoor).check(z.minLength(1, 'Choose a door'));
export const IntegrationStreams = chosenStreams;
export const IntegrationDoors = chosenDoors;

const fact = <Type extends string, Data extends z.core.$ZodLooseShape>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), data: z.object({ integrationId: IntegrationId, ...data, at }) });

const hashes = { prefix: IntegrationPrefix, hash: IntegrationHash, natsHash: NatsPasswordHash };

/** An outsider may read these streams by these doors from now on. */
export const IntegrationCreated = fact('IntegrationCreated', {
  name: IntegrationName,
  streams: chosenStreams,
  doors: chosenDoors,
  ...hashes,
});

const changeOf = <Value extends z.ZodMiniType>(value: Value) => z.optional(z.object({ from: value, to: value }));

/** What was changed, each with what it was before. */
export const IntegrationChanged = fact('IntegrationChanged', {
  name: changeOf(IntegrationName),
  streams: changeOf(chosenStreams),
  doors: changeOf(chosenDoors),
});

/** The former secret is refused from now on, at every door. */
export const IntegrationSecretReplaced = fact('IntegrationSecretReplaced', { ...hashes });

/** Let in nowhere until somebody resumes it. What it has read up to is kept. */
export const IntegrationSuspended = fact('IntegrationSuspended', {
  because: SuspensionCause,
  reason: z.optional(SuspensionReason),
});

/** A suspended integration is let in again. */
export const IntegrationResumed = fact('IntegrationResumed', {});

/** Let in nowhere from now on, for good. */
export const IntegrationRevoked = fact('IntegrationRevoked', {});

/** What is decided about integrations. Stream `integration-<integrationId>`, on the bus in ACCESS. Never a secret itself. */
export const IntegrationEvent = z.discriminatedUnion('type', [
  IntegrationCreated,
  IntegrationChanged,
  IntegrationSecretReplaced,
  IntegrationSuspended,
  IntegrationResumed,
  IntegrationRevoked,
]);
export type IntegrationEvent = z.infer<typeof IntegrationEvent>;
