import { allKeyPermissions, allPermissions, type ApiKeyEvent, type KeyPermission } from '@muster/contracts';
import { givenOf } from '@muster/testing';
import { type ApiKeyCommand, apiKeyDecider, giveOnly } from './api-key.decider.js';

const given = givenOf(apiKeyDecider);
const keyId = '5c1e0c3e-9b6e-4b6a-8a0e-2f4c7d9e1a33';
const ownerId = 'b0f3c2a4-60a1-4a51-bb3b-0a7a6a1d0c55';
const at = '2026-11-23T12:00:00.000Z';
const later = '2027-11-23T12:00:00.000Z';
const hash = 'a'.repeat(64);
const prefix = 'msk_abcdef';
const by = { accountId: ownerId, may: allPermissions };

const created: ApiKeyEvent = {
  type: 'ApiKeyCreated',
  data: { keyId, ownerId, name: 'Search', prefix, hash, permissions: ['fleet:read', 'inference'], at },
};
const revoked: ApiKeyEvent = { type: 'ApiKeyRevoked', data: { keyId, ownerId, because: 'by-hand', at } };
const create: Extract<ApiKeyCommand, { type: 'create' }> = {
  ...{ type: 'create', keyId, ownerId, name: 'Search', prefix, hash, at, by },
  permissions: ['inference', 'fleet:read', 'inference'],
  models: null,
  expiresAt: null,
  limits: null,
};
const change: Extract<ApiKeyCommand, { type: 'change' }> = { type: 'change', keyId, at, by };
const revoke: ApiKeyCommand = { type: 'revoke', keyId, because: 'by-hand', at };

describe('making a key', () => {
  it('says whose it is and what it is for, and of the key its hash alone', () => given().when(create).then(created));
  it('says its bounds where there are some', () => {
    const limits = { concurrent: 2 };
    given()
      .when({ ...create, models: ['qwen3', 'bge-m3', 'qwen3'], expiresAt: later, limits })
      .then({ ...created, data: { ...created.data, models: ['bge-m3', 'qwen3'], expiresAt: later, limits } });
    given()
      .when({ ...create, limits: {} })
      .then(created);
  });
  it('refuses the id of another key, be it revoked', () => {
    given(created).when(create).thenRefused('bad-input');
    given(created, revoked).when(create).thenRefused('bad-input');
  });
  it('refuses an end that has passed', () =>
    given()
      .when({ ...create, expiresAt: at })
      .thenRefused('bad-input'));
  it('refuses more than whoever makes it may', () =>
    given()
      .when({ ...create, by: { accountId: ownerId, may: ['keys:manage'] } })
      .thenRefused('not-permitted'));
});

describe('changing a key', () => {
  it('says what was and what is, and nothing of what stays', () => {
    given(created)
      .when({ ...change, name: 'Find', models: ['qwen3'], expiresAt: null, limits: { requestsPerMinute: 60 } })
      .then({
        type: 'ApiKeyChanged',
        data: {
          ...{ keyId, ownerId, at },
          name: { from: 'Search', to: 'Find' },
          models: { from: null, to: ['qwen3'] },
          limits: { from: null, to: { requestsPerMinute: 60 } },
        },
      });
    given(created)
      .when({ ...change, name: 'Search', models: null, limits: {} })
      .then();
  });
  it('takes bounds away', () => {
    const bounded: ApiKeyEvent = { ...created, data: { ...created.data, expiresAt: later, models: ['qwen3'] } };
    given(bounded)
      .when({ ...change, expiresAt: null, models: null })
      .then({
        type: 'ApiKeyChanged',
        data: {
          ...{ keyId, ownerId, at },
          models: { from: ['qwen3'], to: null },
          expiresAt: { from: later, to: null },
        },
      });
  });
  it('is refused for keys that are not there, that are revoked, and for an end that has passed', () => {
    given().when(change).thenRefused('key-unknown');
    given(created, revoked).when(change).thenRefused('key-revoked');
    given(created)
      .when({ ...change, expiresAt: at })
      .thenRefused('bad-input');
  });
  it('is refused where the key may more than whoever changes it', () =>
    given(created)
      .when({ ...change, name: 'Mine', by: { accountId: 'somebody-else', may: ['keys:manage'] } })
      .thenRefused('not-permitted'));
});

describe('revoking a key', () => {
  it('is for good, and says nothing twice', () => {
    given(created).when(revoke).then(revoked);
    given(created, revoked).when(revoke).then();
    given().when(revoke).thenRefused('key-unknown');
  });
});

describe('giving a key no more than one has', () => {
  const mayGive = (permissions: readonly KeyPermission[], ownerOf: string, may: (typeof by)['may']): boolean => {
    try {
      giveOnly(permissions, ownerOf, { accountId: ownerId, may });
      return true;
    } catch {
      return false;
    }
  };

  it('lets everybody who manages keys give inference', () => {
    expect(mayGive(['inference'], ownerId, [])).toBe(true);
    expect(mayGive(['inference'], 'somebody-else', [])).toBe(true);
  });
  it('lets one’s own key do some of what it stands for, since it never does more than oneself', () => {
    expect(mayGive(['manage'], ownerId, ['nodes:manage'])).toBe(true);
    expect(mayGive(['manage'], ownerId, ['keys:manage', 'accounts:manage'])).toBe(false);
    expect(mayGive(['fleet:read'], ownerId, ['nodes:manage'])).toBe(false);
  });
  it('lets somebody else’s key do only what one may entirely', () => {
    expect(mayGive(['manage'], 'somebody-else', ['nodes:manage', 'fleet:view'])).toBe(false);
    expect(mayGive(['manage'], 'somebody-else', ['nodes:manage', 'fleet:view', 'executors:manage'])).toBe(true);
    expect(mayGive(allKeyPermissions, 'somebody-else', allPermissions)).toBe(true);
  });
});
