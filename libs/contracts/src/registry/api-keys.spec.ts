import type { Fact } from '../fact.js';
import { allPermissions, type Permission } from '../permissions.js';
import type { AccountEvent } from './account.events.js';
import type { ApiKeyEvent, KeyPermission } from './api-key.events.js';
import { allKeyPermissions } from './api-key.events.js';
import { ApiKeys, keyAllows, mayByKey } from './api-keys.js';

const at = '2026-11-23T12:00:00.000Z';
const ownerId = 'b0f3c2a4-60a1-4a51-bb3b-0a7a6a1d0c55';
const keyId = '5c1e0c3e-9b6e-4b6a-8a0e-2f4c7d9e1a33';
const hash = 'a'.repeat(64);

function keysAfter(...events: (AccountEvent | ApiKeyEvent)[]): ApiKeys {
  const keys = new ApiKeys();
  events.forEach((event, index) => {
    const meta = {
      actor: { kind: 'gateway' as const, id: 'registry', name: 'Gateway' },
      commandId: keyId,
      correlationId: keyId,
    };
    const recorded = { id: keyId, stream: 'key-x', version: 1, position: index + 1, at, meta };
    keys.apply({ ...event, ...recorded } as Fact<AccountEvent | ApiKeyEvent>);
  });
  return keys;
}

const owner = (permissions: readonly Permission[] = allPermissions): AccountEvent => ({
  type: 'AccountCreated',
  data: { accountId: ownerId, name: 'Ada', permissions: [...permissions], at },
});
const created = (permissions: KeyPermission[] = ['inference', 'fleet:read']): ApiKeyEvent => ({
  type: 'ApiKeyCreated',
  data: { keyId, ownerId, name: 'Search', prefix: 'msk_abcdef', hash, permissions, at },
});
const ofOwner = (type: 'AccountDisabled' | 'AccountEnabled' | 'AccountDeleted'): AccountEvent => ({
  type,
  data: { accountId: ownerId, at },
});

describe('the keys that hold', () => {
  it('are known by their hash, with their owner and what they may', () => {
    expect(keysAfter(owner(['fleet:view', 'keys:manage']), created()).byHash(hash)).toEqual({
      keyId,
      name: 'Search',
      owner: { accountId: ownerId, name: 'Ada' },
      permissions: ['inference', 'fleet:read'],
      models: undefined,
      expiresAt: undefined,
      limits: {},
      may: ['fleet:view'],
    });
    expect(keysAfter(owner(), created()).byHash('b'.repeat(64))).toBeUndefined();
  });

  it('hold while their owner is there and enabled, and not for an owner that nobody knows', () => {
    expect(keysAfter(created()).byHash(hash)).toBeUndefined();
    expect(keysAfter(owner(), created(), ofOwner('AccountDisabled')).byHash(hash)).toBeUndefined();
    expect(
      keysAfter(owner(), created(), ofOwner('AccountDisabled'), ofOwner('AccountEnabled')).byHash(hash),
    ).toBeDefined();
    expect(keysAfter(owner(), created(), ofOwner('AccountDeleted')).byHash(hash)).toBeUndefined();
  });

  it('are no more once revoked, whatever is told twice', () => {
    const revoked: ApiKeyEvent = { type: 'ApiKeyRevoked', data: { keyId, ownerId, because: 'by-hand', at } };
    const keys = keysAfter(owner(), created(), revoked);
    expect(keys.byHash(hash)).toBeUndefined();
    expect(keys.apply({ ...created(), position: 2 } as Fact<ApiKeyEvent>)).toBe(false);
    expect(keys.byId(keyId)).toBeUndefined();
  });

  it('follow what is changed about them and about their owner', () => {
    const changed: ApiKeyEvent = {
      type: 'ApiKeyChanged',
      data: {
        keyId,
        ownerId,
        models: { from: null, to: ['qwen3'] },
        expiresAt: { from: null, to: at },
        limits: { from: null, to: { concurrent: 2 } },
        at,
      },
    };
    const others: AccountEvent = {
      type: 'AccountPermissionsChanged',
      data: { accountId: ownerId, permissions: [], from: ['fleet:view'], at },
    };
    expect(keysAfter(owner(), created(), changed, others).byHash(hash)).toMatchObject({
      name: 'Search',
      models: ['qwen3'],
      expiresAt: at,
      limits: { concurrent: 2 },
      may: [],
    });
    const back = { ...changed, data: { ...changed.data, models: { from: ['qwen3'], to: null } } } as ApiKeyEvent;
    expect(keysAfter(owner(), created(), changed, back).byHash(hash)?.models).toBeUndefined();
  });
});

describe('what a key may', () => {
  it('is never more than its owner, and never anything about accounts, settings or other keys', () => {
    expect(mayByKey(allKeyPermissions, allPermissions)).toEqual(['fleet:view', 'nodes:manage', 'executors:manage']);
    expect(mayByKey(allKeyPermissions, ['nodes:manage'])).toEqual(['nodes:manage']);
    expect(mayByKey(['fleet:read'], allPermissions)).toEqual(['fleet:view']);
    expect(mayByKey(['inference'], allPermissions)).toEqual([]);
  });

  it('depends on the moment, the purpose and the model', () => {
    const nowMs = Date.parse(at);
    const key = { permissions: ['inference'] as const, models: ['qwen3'], expiresAt: '2026-11-23T12:00:01.000Z' };
    expect(keyAllows(key, { permission: 'inference', model: 'qwen3', nowMs })).toBe('yes');
    expect(keyAllows(key, { permission: 'inference', nowMs })).toBe('yes');
    expect(keyAllows(key, { permission: 'inference', model: 'llama', nowMs })).toBe('model-not-allowed');
    expect(keyAllows(key, { permission: 'manage', nowMs })).toBe('not-permitted');
    expect(keyAllows(key, { permission: 'inference', model: 'qwen3', nowMs: nowMs + 1_000 })).toBe('expired');
    const open = { ...key, models: undefined, expiresAt: undefined };
    expect(keyAllows(open, { permission: 'inference', model: 'any', nowMs })).toBe('yes');
  });
});
