import {
  type ApiKeyEvent,
  type Decider,
  type KeyLimits,
  type KeyPermission,
  mayGiveToKey,
  type Permission,
  Refusal,
} from '@muster/contracts';
import { changeOf, sorted } from '../changed-fields.js';

interface Held {
  readonly ownerId: string;
  readonly name: string;
  readonly permissions: readonly KeyPermission[];
  /** Null: all. */
  readonly models: readonly string[] | null;
  /** Null: never. */
  readonly expiresAt: string | null;
  readonly limits: KeyLimits | null;
}
export type ApiKeyAggregate =
  { readonly status: 'unknown' } | ({ readonly status: 'active' } & Held) | { readonly status: 'revoked' };

interface Ordered {
  readonly keyId: string;
  readonly at: string;
}
/** Whoever orders it: an account, unless it is Muster itself, and what it may do. */
interface By {
  readonly by: { readonly accountId: string | undefined; readonly may: readonly Permission[] };
}

export type ApiKeyCommand =
  | (Ordered & By & { type: 'create'; prefix: string; hash: string } & Held)
  | (Ordered & By & { type: 'change' } & { readonly [Field in Changeable]?: Held[Field] | undefined })
  | (Ordered & { type: 'revoke'; because: 'by-hand' | 'owner-deleted' });

type Changeable = 'name' | 'models' | 'expiresAt' | 'limits';

/** Which keys there are, whose, and for what. That the owner is there is seen to by whoever carries the command. */
export const apiKeyDecider: Decider<ApiKeyAggregate, ApiKeyCommand, ApiKeyEvent> = {
  initial: { status: 'unknown' },

  evolve(key, event) {
    switch (event.type) {
      case 'ApiKeyCreated': {
        const { ownerId, name, permissions, models = null, expiresAt = null, limits = null } = event.data;
        return { status: 'active', ownerId, name, permissions, models, expiresAt, limits };
      }
      case 'ApiKeyChanged': {
        if (key.status !== 'active') return key;
        const { name, models, expiresAt, limits } = event.data;
        return {
          ...key,
          ...(name && { name: name.to }),
          ...(models && { models: models.to }),
          ...(expiresAt && { expiresAt: expiresAt.to }),
          ...(limits && { limits: limits.to }),
        };
      }
      case 'ApiKeyRevoked':
        return { status: 'revoked' };
    }
  },

  decide(command, key) {
    if (command.type === 'create') return created(command, key);
    if (key.status === 'unknown') throw new Refusal('key-unknown');
    const { keyId, at } = command;
    if (command.type === 'revoke') {
      if (key.status === 'revoked') return [];
      return [{ type: 'ApiKeyRevoked', data: { keyId, ownerId: key.ownerId, because: command.because, at } }];
    }
    if (key.status === 'revoked') throw new Refusal('key-revoked');
    return changed(command, key);
  },
};

function created(command: Extract<ApiKeyCommand, { type: 'create' }>, key: ApiKeyAggregate): ApiKeyEvent[] {
  const { keyId, ownerId, name, prefix, hash, models, expiresAt, limits, at } = command;
  // Never the same again: every key is other random bits, so a second order of another id is another key.
  if (key.status !== 'unknown') throw new Refusal('bad-input', { field: 'keyId', words: 'Another key has this id' });
  giveOnly(command.permissions, ownerId, command.by);
  stillToCome(expiresAt, at);
  const permissions = sorted(command.permissions);
  const bounds = {
    ...(models && { models: sorted(models) }),
    ...(expiresAt !== null && { expiresAt }),
    ...(isLimited(limits) && { limits }),
  };
  return [{ type: 'ApiKeyCreated', data: { keyId, ownerId, name, prefix, hash, permissions, ...bounds, at } }];
}

function changed(
  { keyId, at, by, name, models, expiresAt, limits }: Extract<ApiKeyCommand, { type: 'change' }>,
  key: Held,
): ApiKeyEvent[] {
  const { ownerId } = key;
  giveOnly(key.permissions, ownerId, by);
  const change = {
    ...changeOf('name', key.name, name),
    ...changeOf('models', key.models && [...key.models], models && sorted(models)),
    ...changeOf('expiresAt', key.expiresAt, expiresAt),
    ...changeOf('limits', key.limits, limits === undefined || isLimited(limits) ? limits : null),
  };
  if (Object.keys(change).length === 0) return [];
  if ('expiresAt' in change) stillToCome(expiresAt ?? null, at);
  return [{ type: 'ApiKeyChanged', data: { keyId, ownerId, ...change, at } }];
}

/** Refuses with `not-permitted` what would give more than one has oneself, by the rule of `mayGiveToKey`. */
export function giveOnly(
  permissions: readonly KeyPermission[],
  ownerId: string,
  { accountId, may }: { accountId: string | undefined; may: readonly Permission[] },
): void {
  const beyond = permissions.filter((permission) => !mayGiveToKey(permission, may, ownerId === accountId));
  if (beyond.length > 0)
    throw new Refusal('not-permitted', {
      field: 'permissions',
      words: `You can give a key only what you may do yourself: not ${beyond.join(', ')}.`,
    });
}

function stillToCome(expiresAt: string | null, at: string): void {
  if (expiresAt !== null && Date.parse(expiresAt) <= Date.parse(at))
    throw new Refusal('bad-input', { field: 'expiresAt', words: 'This moment has passed' });
}

const isLimited = (limits: KeyLimits | null): limits is KeyLimits =>
  limits !== null && Object.values(limits).some((limit) => limit !== undefined);
