import { type AccountEvent, allPermissions, fold } from '@muster/contracts';
import { givenOf } from '@muster/testing';
import * as fc from 'fast-check';
import { type AccountCommand, accountDecider, MAX_SESSIONS } from './account.decider.js';

const given = givenOf(accountDecider);
const accountId = '7d8cf3ad-6f2f-4b6a-9a5e-2f8f1f6f3c11';
const at = '2026-11-23T12:00:00.000Z';
const session = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

const created: AccountEvent = {
  type: 'AccountCreated',
  data: { accountId, name: 'Ada', permissions: ['fleet:view', 'nodes:manage'], at },
};
const passwordSet: AccountEvent = { type: 'AccountPasswordSet', data: { accountId, at } };
const signedIn = (number: number): AccountEvent => ({
  type: 'AccountSignedIn',
  data: { accountId, sessionId: session(number), device: 'Firefox', at },
});
const signedOut = (number: number): AccountEvent => ({
  type: 'AccountSignedOut',
  data: { accountId, sessionId: session(number), at },
});
const signIn = (number: number): AccountCommand => ({
  type: 'sign-in',
  accountId,
  sessionId: session(number),
  device: 'Firefox',
  at,
});
const endOne = (number: number): AccountCommand => ({
  type: 'end-sessions',
  accountId,
  which: { only: session(number) },
  at,
});
const create: AccountCommand = {
  type: 'create',
  accountId,
  name: 'Ada',
  permissions: ['nodes:manage', 'fleet:view', 'nodes:manage'],
  at,
};

describe('creating an account', () => {
  it('says who may do what, and that a password was set', () => given().when(create).then(created, passwordSet));
  it('says nothing twice', () => given(created, passwordSet).when(create).then());
  it('refuses another account under the same id', () =>
    given(created, passwordSet)
      .when({ ...create, name: 'Grace' })
      .thenRefused('bad-input'));
});

describe('sessions', () => {
  it('open and end', () => {
    given(created).when(signIn(1)).then(signedIn(1));
    given(created, signedIn(1)).when(endOne(1)).then(signedOut(1));
  });
  it('end once', () => given(created, signedIn(1), signedOut(1)).when(endOne(1)).then());
  it('end the oldest when there is one too many', () => {
    const open = Array.from({ length: MAX_SESSIONS }, (_, index) => signedIn(index + 1));
    given(created, ...open)
      .when(signIn(99))
      .then(signedOut(1), signedIn(99));
  });
  it('are refused for an account that never was', () => given().when(signIn(1)).thenRefused('account-unknown'));
  it('never grow beyond the bound', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(30)), { maxLength: 60 }), (steps) => {
        const events: AccountEvent[] = [created];
        for (const [opens, number] of steps) {
          const command: AccountCommand = opens ? signIn(number) : endOne(number);
          events.push(...accountDecider.decide(command, fold(accountDecider, events)));
          const account = fold(accountDecider, events);
          if (account.status !== 'present') throw new Error('the account is gone');
          expect(account.sessions.length).toBeLessThanOrEqual(MAX_SESSIONS);
          expect(new Set(account.sessions).size).toBe(account.sessions.length);
          expect(account.sessions.includes(session(number))).toBe(opens);
        }
      }),
    );
  });
});

it('remembers a row of refused tries', () =>
  given(created)
    .when({ type: 'refuse-sign-in', accountId, tries: 5, at })
    .then({ type: 'AccountSignInRefused', data: { accountId, tries: 5, at } }));

describe('managing an account', () => {
  const other = '00000000-0000-4000-8000-0000000000ff';
  const by = { accountId: other, may: allPermissions };
  const own = { accountId, may: allPermissions };
  const managedBy = { type: 'disable', accountId, at, by } as const;
  const manager: AccountEvent = {
    type: 'AccountCreated',
    data: { accountId, name: 'Ada', permissions: ['accounts:manage', 'fleet:view'], at },
  };
  const disabled: AccountEvent = { type: 'AccountDisabled', data: { accountId, at } };
  const deleted: AccountEvent = { type: 'AccountDeleted', data: { accountId, at } };

  it('renames, and says what the name was', () =>
    given(created)
      .when({ ...managedBy, type: 'change', name: 'Grace' })
      .then({ type: 'AccountRenamed', data: { accountId, name: 'Grace', from: 'Ada', at } }));
  it('changes permissions, and says what they were', () =>
    given(created)
      .when({ ...managedBy, type: 'change', permissions: ['fleet:view', 'fleet:view'] })
      .then({
        type: 'AccountPermissionsChanged',
        data: { accountId, permissions: ['fleet:view'], from: ['fleet:view', 'nodes:manage'], at },
      }));
  it('says nothing of what is so already', () => {
    given(created)
      .when({ ...managedBy, type: 'change', name: 'Ada', permissions: ['nodes:manage', 'fleet:view'] })
      .then();
    given(created, disabled).when(managedBy).then();
    given(created)
      .when({ ...managedBy, type: 'enable' })
      .then();
    given(created, deleted)
      .when({ ...managedBy, type: 'delete' })
      .then();
  });
  it('gives no permission that the giver does not have, and takes any', () => {
    const poor = { accountId: other, may: ['accounts:manage' as const] };
    given(created)
      .when({ ...managedBy, by: poor, type: 'change', permissions: ['fleet:view', 'settings:manage'] })
      .thenRefused('not-permitted');
    given(created)
      .when({ ...managedBy, by: poor, type: 'change', permissions: ['fleet:view'] })
      .then({
        type: 'AccountPermissionsChanged',
        data: { accountId, permissions: ['fleet:view'], from: ['fleet:view', 'nodes:manage'], at },
      });
  });
  it('sets the password of nobody who may do more, for whoever sets it could sign in with it', () => {
    const poor = { accountId: other, may: ['accounts:manage' as const, 'fleet:view' as const] };
    given(created)
      .when({ ...managedBy, by: poor, type: 'set-password' })
      .thenRefused('not-permitted');
  });
  it.each(['disable', 'delete', 'set-password'] as const)(
    'ends every session with %s, before the fact itself',
    (type) => {
      const last = { disable: disabled, delete: deleted, 'set-password': passwordSet }[type];
      given(created, signedIn(1), signedIn(2))
        .when({ ...managedBy, type })
        .then(signedOut(1), signedOut(2), last);
    },
  );
  it.each(['disable', 'delete', 'set-password'] as const)('refuses %s of one’s own account', (type) =>
    given(created)
      .when({ ...managedBy, by: own, type })
      .thenRefused('own-account'),
  );
  it('lets nobody take the management of accounts from themselves', () =>
    given(manager)
      .when({ ...managedBy, by: own, type: 'change', permissions: ['fleet:view'] })
      .thenRefused('own-account'));
  it('lets nobody sign in with a disabled account until it is enabled', () => {
    given(created, disabled).when(signIn(1)).thenRefused('account-disabled');
    given(created, disabled)
      .when({ ...managedBy, type: 'enable' })
      .then({ type: 'AccountEnabled', data: { accountId, at } });
    given(created, disabled, { type: 'AccountEnabled', data: { accountId, at } }).when(signIn(1)).then(signedIn(1));
  });
  it('brings no deleted account back', () => {
    given(created, deleted).when(signIn(1)).thenRefused('account-deleted');
    given(created, deleted).when(create).thenRefused('account-deleted');
    given(created, deleted)
      .when({ ...managedBy, type: 'enable' })
      .thenRefused('account-deleted');
  });
  it('keeps the session in which the own password is changed', () =>
    given(created, signedIn(1), signedIn(2))
      .when({ type: 'change-password', accountId, keep: session(2), at })
      .then(signedOut(1), passwordSet));
  it('takes a version for outdated when the account itself was changed since, not when somebody signed in', () => {
    const rename = { ...managedBy, type: 'change', name: 'Grace' } as const;
    const renamed: AccountEvent = { type: 'AccountRenamed', data: { accountId, name: 'Grace', from: 'Ada', at } };
    given(created, passwordSet, signedIn(1))
      .when({ ...rename, expectedVersion: 2 })
      .then(renamed);
    given(created, passwordSet)
      .when({ ...rename, expectedVersion: 1 })
      .thenRefused('version-conflict');
    given(created, passwordSet)
      .when({ ...rename, expectedVersion: 3 })
      .thenRefused('version-conflict');
  });
});
