import type { Fact } from '../fact.js';
import type { Permission } from '../permissions.js';
import type { AccountEvent } from './account.events.js';
import type { ApiKeyEvent, KeyLimits, KeyPermission } from './api-key.events.js';
import type { SettingsEvent } from './settings.events.js';

/** A key that is not revoked and whose owner's account is there and enabled. Whether it has expired, `keyAllows` says. */
export interface ApiKey {
  readonly keyId: string;
  readonly name: string;
  readonly owner: { readonly accountId: string; readonly name: string };
  readonly permissions: readonly KeyPermission[];
  /** Undefined: all. */
  readonly models: readonly string[] | undefined;
  readonly expiresAt: string | undefined;
  readonly limits: KeyLimits;
  /** What it may at the doors of the Gateway now: what its permissions stand for, as far as its owner may it. */
  readonly may: readonly Permission[];
}

/**
 * What a permission of a key stands for at the doors of the Gateway. Whatever is not named here no key may ever: neither
 * accounts, settings and other keys, nor the console's own tools.
 */
export const grantedByKey: Record<KeyPermission, readonly Permission[]> = {
  inference: [],
  'fleet:read': ['fleet:view'],
  manage: ['fleet:view', 'nodes:manage', 'executors:manage'],
};

/** What a key with these permissions may at the doors of the Gateway while its owner may that. */
export const mayByKey = (given: readonly KeyPermission[], owner: readonly Permission[]): Permission[] =>
  owner.filter((permission) => given.some((each) => grantedByKey[each].includes(permission)));

/**
 * Whether somebody who may this can give a key that permission. One's own key never does more than its owner at the time, so
 * the permission only has to stand for something one may. Somebody else's key, which one sees when it is made, must not stand
 * for anything that one may not. Inference every manager of keys may give.
 */
export const mayGiveToKey = (permission: KeyPermission, may: readonly Permission[], isOwn: boolean): boolean => {
  const granted = grantedByKey[permission];
  const has = (each: Permission): boolean => may.includes(each);
  return granted.length === 0 || (isOwn ? granted.some(has) : granted.every(has));
};

export type KeyAnswer = 'yes' | 'expired' | 'not-permitted' | 'model-not-allowed';

/** Whether a key may be used for this at this moment, in ms since 1970. */
export function keyAllows(
  { permissions, models, expiresAt }: Pick<ApiKey, 'permissions' | 'models' | 'expiresAt'>,
  { model, permission, nowMs }: { model?: string; permission: KeyPermission; nowMs: number },
): KeyAnswer {
  if (expiresAt !== undefined && nowMs >= Date.parse(expiresAt)) return 'expired';
  if (!permissions.includes(permission)) return 'not-permitted';
  return model === undefined || models === undefined || models.includes(model) ? 'yes' : 'model-not-allowed';
}

interface Owner {
  name: string;
  permissions: readonly Permission[];
  disabled: boolean;
}
type Made = Omit<ApiKey, 'owner' | 'may'> & { readonly ownerId: string; readonly hash: string };

/**
 * Every key that holds, folded from the facts of ACCESS in the order of their positions: those of `account` and `key`. Works on
 * with what it last knew when the registry is away. As large as the registry lets keys and accounts become.
 */
export class ApiKeys {
  readonly #owners = new Map<string, Owner>();
  readonly #keys = new Map<string, Made>();
  readonly #byHash = new Map<string, string>();
  #position = 0;

  /** Folds one fact in. False when it was folded in before, and then nothing changes. */
  apply(fact: Fact<AccountEvent | ApiKeyEvent | SettingsEvent>): boolean {
    if (fact.position <= this.#position) return false;
    this.#position = fact.position;
    switch (fact.type) {
      case 'ApiKeyCreated': {
        const { keyId, name, ownerId, hash, permissions, models, expiresAt, limits = {} } = fact.data;
        this.#keys.set(keyId, { keyId, name, ownerId, hash, permissions, models, expiresAt, limits });
        this.#byHash.set(hash, keyId);
        break;
      }
      case 'ApiKeyChanged':
        this.#change(fact.data);
        break;
      case 'ApiKeyRevoked': {
        const key = this.#keys.get(fact.data.keyId);
        this.#keys.delete(fact.data.keyId);
        if (key !== undefined) this.#byHash.delete(key.hash);
        break;
      }
      case 'AccountCreated': {
        const { accountId, name, permissions } = fact.data;
        this.#owners.set(accountId, { name, permissions, disabled: false });
        break;
      }
      case 'AccountDeleted':
        this.#owners.delete(fact.data.accountId);
        break;
      case 'AccountRenamed':
        this.#own(fact.data.accountId, { name: fact.data.name });
        break;
      case 'AccountPermissionsChanged':
        this.#own(fact.data.accountId, { permissions: fact.data.permissions });
        break;
      case 'AccountDisabled':
      case 'AccountEnabled':
        this.#own(fact.data.accountId, { disabled: fact.type === 'AccountDisabled' });
        break;
      default:
        // What else happens to accounts and to the settings makes no difference to a key.
        break;
    }
    return true;
  }

  /** The key with this SHA-256, in hex; undefined when there is none, it was revoked, or its owner is disabled or gone. */
  byHash(hash: string): ApiKey | undefined {
    const keyId = this.#byHash.get(hash);
    return keyId === undefined ? undefined : this.byId(keyId);
  }

  /** The same by its id. */
  byId(keyId: string): ApiKey | undefined {
    const key = this.#keys.get(keyId);
    const owner = key && this.#owners.get(key.ownerId);
    if (key === undefined || owner === undefined || owner.disabled) return undefined;
    const { ownerId, name, permissions, models, expiresAt, limits } = key;
    return {
      ...{ keyId, name, permissions, models, expiresAt, limits },
      owner: { accountId: ownerId, name: owner.name },
      may: mayByKey(permissions, owner.permissions),
    };
  }

  #change({ keyId, name, models, expiresAt, limits }: Extract<ApiKeyEvent, { type: 'ApiKeyChanged' }>['data']): void {
    const key = this.#keys.get(keyId);
    if (key === undefined) return;
    this.#keys.set(keyId, {
      ...key,
      ...(name && { name: name.to }),
      ...(models && { models: models.to ?? undefined }),
      ...(expiresAt && { expiresAt: expiresAt.to ?? undefined }),
      ...(limits && { limits: limits.to ?? {} }),
    });
  }

  #own(accountId: string, changed: Partial<Owner>): void {
    const owner = this.#owners.get(accountId);
    if (owner !== undefined) this.#owners.set(accountId, { ...owner, ...changed });
  }
}
