import * as z from 'zod/mini';
import { visibleText } from '../text.js';
import { AccountId } from './account.events.js';

/** What a key may be for, each on its own. What it stands for at the doors of the Gateway: `grantedByKey`. */
export const keyPermissions = {
  inference: 'Send requests to the models',
  'fleet:read': 'See the nodes, their figures and their logs',
  manage: 'Manage nodes and executors, as far as its owner may',
} as const;

export type KeyPermission = keyof typeof keyPermissions;

export const allKeyPermissions = Object.keys(keyPermissions) as readonly KeyPermission[];

export const KeyPermission = z.enum(
  allKeyPermissions as [KeyPermission, ...KeyPermission[]],
  'This is not a permission of a key',
);

export const ApiKeyId = z.uuid('The key id must be a UUID');

/** What people call a key: 1 to 64 visible characters. Several may have the same. */
export const ApiKeyName = visibleText('The name', 64);

/** Begins every key, so that a person, a log scanner and the doors know one when they see it. */
export const API_KEY_MARK = 'msk_';

/** `msk_` and 256 random bits as base64url (RFC 4648 5, without padding). The registry stores only its SHA-256. */
export const ApiKeyText = z.string().check(z.regex(/^msk_[A-Za-z0-9_-]{43}$/, 'This is not an API key'));

/** What is shown of a key for good: its mark and its first six characters. 220 random bits are still to be guessed. */
export const ApiKeyPrefix = z.string().check(z.regex(/^msk_[A-Za-z0-9_-]{6}$/));

/** The first characters of a key, as they may be shown. */
export const prefixOfKey = (key: string): string => key.slice(0, API_KEY_MARK.length + 6);

/** SHA-256 of a key in hex. A plain hash is enough for 256 random bits: there is nothing to guess. */
export const ApiKeyHash = z.string().check(z.regex(/^[0-9a-f]{64}$/));

/** The models that a key may ask for, by the names that requests use. */
export const AllowedModels = z
  .array(visibleText('The name of the model', 256))
  .check(z.minLength(1, 'Name a model, or allow all'), z.maxLength(50, 'At most 50 models'));

const upTo = (most: number) =>
  z.optional(
    z
      .number('This must be a number')
      .check(z.int('This must be a whole number'), z.gte(1, 'At least 1'), z.lte(most, `At most ${most}`)),
  );

/** What a key may take at most; absent is not limited. Each router that serves the key counts. */
export const KeyLimits = z.object({
  /** Requests in flight or queued at one moment. */
  concurrent: upTo(10_000),
  requestsPerMinute: upTo(1_000_000),
  /** In and out together. */
  tokensPerMinute: upTo(1_000_000_000),
});
export type KeyLimits = z.infer<typeof KeyLimits>;

const at = z.iso.datetime();
const fact = <Type extends string, Data extends z.core.$ZodLooseShape>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), data: z.object({ keyId: ApiKeyId, ownerId: AccountId, ...data, at }) });

/** A program can come with this key from now on. Says what it may do, and never the key. */
export const ApiKeyCreated = fact('ApiKeyCreated', {
  name: ApiKeyName,
  prefix: ApiKeyPrefix,
  hash: ApiKeyHash,
  permissions: z.array(KeyPermission),
  /** Absent: all. */
  models: z.optional(AllowedModels),
  /** From this moment on it is refused. Absent: never. */
  expiresAt: z.optional(z.iso.datetime()),
  limits: z.optional(KeyLimits),
});

const changeOf = <Value extends z.ZodMiniType>(value: Value) => z.optional(z.object({ from: value, to: value }));

/** What was changed, each with what it was before; null stands for all models, for no end, for no limits. */
export const ApiKeyChanged = fact('ApiKeyChanged', {
  name: changeOf(ApiKeyName),
  models: changeOf(z.nullable(AllowedModels)),
  expiresAt: changeOf(z.nullable(z.iso.datetime())),
  limits: changeOf(z.nullable(KeyLimits)),
});

/** Refused from now on, everywhere. */
export const ApiKeyRevoked = fact('ApiKeyRevoked', {
  /** By whoever manages keys, or since its owner's account was deleted. */
  because: z.enum(['by-hand', 'owner-deleted']),
});

/** What is decided about API keys. Stream `key-<keyId>`, on the bus in ACCESS. Never a key itself. */
export const ApiKeyEvent = z.discriminatedUnion('type', [ApiKeyCreated, ApiKeyChanged, ApiKeyRevoked]);
export type ApiKeyEvent = z.infer<typeof ApiKeyEvent>;
