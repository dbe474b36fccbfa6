import type { AccountEvent } from '@muster/contracts';
import { fold } from '@muster/contracts';
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
    given(created, signedIn(1))
      .when({ type: 'sign-out', accountId, sessionId: session(1), at })
      .then(signedOut(1));
  });
  it('end once', () =>
    given(created, signedIn(1), signedOut(1))
      .when({ type: 'sign-out', accountId, sessionId: session(1), at })
      .then());
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
          const command: AccountCommand = opens
            ? signIn(number)
            : { type: 'sign-out', accountId, sessionId: session(number), at };
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
