import * as z from 'zod/mini';
import { orderTo } from '../order.js';
import { AccountId } from './account.events.js';
import {
  AllowedModels,
  ApiKeyId,
  ApiKeyName,
  ApiKeyPrefix,
  ApiKeyText,
  KeyLimits,
  KeyPermission,
} from './api-key.events.js';
import { Changed } from './node.orders.js';

const expectedVersion = z.optional(z.number().check(z.int(), z.gte(1)));
const managing = { allowed: 'keys:manage' } as const;

/** Why a key works, or does not: only `active` does. */
export const ApiKeyState = z.enum(['active', 'expired', 'owner-disabled', 'revoked']);
export type ApiKeyState = z.infer<typeof ApiKeyState>;

/** A key as those see it who manage keys. Never the key itself. */
export const ListedApiKey = z.object({
  keyId: ApiKeyId,
  name: z.string(),
  owner: z.object({ accountId: AccountId, name: z.string() }),
  prefix: ApiKeyPrefix,
  permissions: z.array(KeyPermission),
  models: z.optional(AllowedModels),
  expiresAt: z.optional(z.iso.datetime()),
  limits: KeyLimits,
  createdAt: z.iso.datetime(),
  /** Noted once a minute at most. */
  lastUsedAt: z.optional(z.iso.datetime()),
  revokedAt: z.optional(z.iso.datetime()),
  state: ApiKeyState,
  /** What a change may name as the version it was decided on. */
  version: z.number(),
});
export type ListedApiKey = z.infer<typeof ListedApiKey>;

const expiry = z.iso.datetime({ offset: true, error: 'This must be a time like 2027-01-31T12:00:00Z' });

/**
 * Makes a key and answers with it, this once. For oneself unless `ownerId` names another account, which takes `accounts:manage`
 * too. Refuses with `not-permitted` what whoever orders it may not do, and with `key-shown-once` a retry that comes too late.
 */
export const CreateApiKey = orderTo('registry', 'create-api-key', {
  ...managing,
  request: z.object({
    keyId: ApiKeyId,
    name: ApiKeyName,
    ownerId: z.optional(AccountId),
    permissions: z.array(KeyPermission).check(z.minLength(1, 'Choose what the key may be used for')),
    models: z.optional(AllowedModels),
    expiresAt: z.optional(expiry),
    limits: z.optional(KeyLimits),
  }),
  reply: z.object({ key: ApiKeyText, version: z.number() }),
});

/** Changes what is given; null takes the bound away. What a key may be used for stays: make another one for that. */
export const ChangeApiKey = orderTo('registry', 'change-api-key', {
  ...managing,
  request: z.object({
    keyId: ApiKeyId,
    name: z.optional(ApiKeyName),
    models: z.optional(z.nullable(AllowedModels)),
    expiresAt: z.optional(z.nullable(expiry)),
    limits: z.optional(z.nullable(KeyLimits)),
    expectedVersion,
  }),
  reply: Changed,
});

/** Refuses the key everywhere from now on, for good. */
export const RevokeApiKey = orderTo('registry', 'revoke-api-key', {
  ...managing,
  request: z.object({ keyId: ApiKeyId, expectedVersion }),
  reply: Changed,
});

/** Every key that is not revoked, and those revoked within the last 30 days; by name, in parts. */
export const ListApiKeys = orderTo('registry', 'list-api-keys', {
  ...managing,
  request: z.object({}),
  reply: z.object({ keys: z.array(ListedApiKey) }),
  answers: 'stream',
});

export const apiKeyOrders = { CreateApiKey, ChangeApiKey, RevokeApiKey, ListApiKeys };
