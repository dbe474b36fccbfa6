import * as z from 'zod/mini';
import { orderTo } from '../order.js';
import { Permission } from '../permissions.js';
import { AccountName, Password } from '../text.js';
import { AccountId } from './account.events.js';
import { Changed } from './node.orders.js';

/** An account as its holder and the pages see it. */
export const Account = z.object({ accountId: AccountId, name: z.string(), permissions: z.array(Permission) });
export type Account = z.infer<typeof Account>;

/** An account as those see it who manage accounts. `version` is what a change may name as the one it was decided on. */
export const ManagedAccount = z.object({
  ...Account.shape,
  disabled: z.boolean(),
  createdAt: z.iso.datetime(),
  version: z.number(),
});
export type ManagedAccount = z.infer<typeof ManagedAccount>;

/** A session as its holder sees it. Never the token that opens it. */
export const SessionEntry = z.object({
  sessionId: z.uuid(),
  /** What the browser said it was, as it came. */
  device: z.string(),
  /** Where it was opened from. */
  remoteAddress: z.string(),
  openedAt: z.iso.datetime(),
  /** Noted once a minute at most. */
  lastUsedAt: z.iso.datetime(),
});
export type SessionEntry = z.infer<typeof SessionEntry>;

/** 256 random bits as base64url: what the cookie holds. The registry stores only its SHA-256. */
const SessionToken = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/));
export const TokenHash = z.string().check(z.regex(/^[0-9a-f]{64}$/));

const Opened = z.object({ token: SessionToken, sessionId: z.uuid(), account: Account });
const from = {
  /** The address that throttling counts by. */
  remoteAddress: z.string(),
  /** What the browser says it is, cut short; shown in the list of sessions. */
  device: z.string().check(z.maxLength(256)),
};

/** Whether the first account is still to be made. */
export const FirstAccountNeeded = orderTo('registry', 'first-account-needed', {
  request: z.object({}),
  reply: z.object({ needed: z.boolean() }),
  allowed: 'services',
});

/** Makes the first account, with every permission, and signs it in. Refuses once any account exists. */
export const CreateFirstAccount = orderTo('registry', 'create-first-account', {
  request: z.object({
    code: z
      .string('Enter the one-time code')
      .check(z.minLength(1, 'Enter the one-time code'), z.maxLength(64, 'The one-time code is shorter')),
    name: AccountName,
    password: Password,
    ...from,
  }),
  reply: Opened,
  allowed: 'services',
});

/** Refuses with `sign-in-failed`, after the same work and time whether or not the name exists; throttled by account and by address. */
export const SignIn = orderTo('registry', 'sign-in', {
  request: z.object({
    name: z
      .string('Enter your name')
      .check(z.minLength(1, 'Enter your name'), z.maxLength(256, 'The name is too long')),
    password: z
      .string('Enter your password')
      .check(z.minLength(1, 'Enter your password'), z.maxLength(1024, 'The password is too long')),
    ...from,
  }),
  reply: Opened,
  allowed: 'services',
});

export const SignOut = orderTo('registry', 'sign-out', {
  request: z.object({ tokenHash: TokenHash }),
  reply: z.object({}),
  allowed: 'services',
});

/** Whose session this is, or null. The gateway keeps the answer until a fact ends it. */
export const CheckSession = orderTo('registry', 'check-session', {
  request: z.object({ tokenHash: TokenHash }),
  reply: z.object({
    session: z.nullable(z.object({ sessionId: z.uuid(), account: Account, expiresAt: z.iso.datetime() })),
  }),
  allowed: 'services',
  deadlineMs: 2_000,
});

const managing = { allowed: 'accounts:manage' } as const;
const changes = { ...managing, reply: Changed } as const;
const expectedVersion = z.optional(z.number().check(z.int(), z.gte(1)));
const ofAccount = z.object({ accountId: AccountId });
const changesAccount = { ...changes, request: z.object({ accountId: AccountId, expectedVersion }) };

/** Refuses with `not-permitted` for a permission that whoever orders it does not have, as all that give permissions. */
export const CreateAccount = orderTo('registry', 'create-account', {
  ...changes,
  request: z.object({ accountId: AccountId, name: AccountName, password: Password, permissions: z.array(Permission) }),
});

/** Changes name, permissions or both. */
export const ChangeAccount = orderTo('registry', 'change-account', {
  ...changes,
  request: z.object({
    accountId: AccountId,
    name: z.optional(AccountName),
    permissions: z.optional(z.array(Permission)),
    expectedVersion,
  }),
});

/** Sets the password of somebody else, and ends every session of the account. One's own is changed by ChangePassword. */
export const SetPassword = orderTo('registry', 'set-password', {
  ...changes,
  request: z.object({ accountId: AccountId, password: Password }),
});

/** Ends every session of the account and lets nobody sign in with it until it is enabled again. */
export const DisableAccount = orderTo('registry', 'disable-account', changesAccount);
export const EnableAccount = orderTo('registry', 'enable-account', changesAccount);

/** Deletes the account for good. What it did stays in the history. */
export const DeleteAccount = orderTo('registry', 'delete-account', changesAccount);

export const ListAccounts = orderTo('registry', 'list-accounts', {
  ...managing,
  request: z.object({}),
  reply: z.object({ accounts: z.array(ManagedAccount) }),
});

const sessionList = z.object({ sessions: z.array(SessionEntry) });
/** How many sessions came to an end by it. */
const ended = z.object({ ended: z.number() });

/** The open sessions of an account, the one used last first. */
export const ListSessions = orderTo('registry', 'list-sessions', {
  ...managing,
  request: ofAccount,
  reply: sessionList,
});

/** Ends one session of an account, or all of them. */
export const EndSessions = orderTo('registry', 'end-sessions', {
  ...managing,
  request: z.object({ accountId: AccountId, sessionId: z.optional(z.uuid()) }),
  reply: ended,
});

/** The open sessions of whoever asks. */
export const ListOwnSessions = orderTo('registry', 'list-own-sessions', {
  request: z.object({}),
  reply: sessionList,
  allowed: 'account',
});

/** Ends one's own session, or all but `keep`, the one that the order is given in. */
export const EndOwnSessions = orderTo('registry', 'end-own-sessions', {
  request: z.union([z.object({ sessionId: z.uuid() }), z.object({ keep: z.uuid() })]),
  reply: ended,
  allowed: 'account',
});

/** Changes one's own password, by the one until now; ends every session but `keep`. Guessing is slowed down. */
export const ChangePassword = orderTo('registry', 'change-password', {
  request: z.object({ current: SignIn.request.shape.password, password: Password, keep: z.uuid() }),
  reply: Changed,
  allowed: 'account',
});

export const accountOrders = {
  FirstAccountNeeded,
  CreateFirstAccount,
  SignIn,
  SignOut,
  CheckSession,
  CreateAccount,
  ChangeAccount,
  SetPassword,
  DisableAccount,
  EnableAccount,
  DeleteAccount,
  ListAccounts,
  ListSessions,
  EndSessions,
  ListOwnSessions,
  EndOwnSessions,
  ChangePassword,
};
