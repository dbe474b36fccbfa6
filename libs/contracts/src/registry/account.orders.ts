import * as z from 'zod/mini';
import { orderTo } from '../order.js';
import { Permission } from '../permissions.js';
import { AccountName, Password } from '../text.js';
import { AccountId } from './account.events.js';

/** An account as its holder and the pages see it. */
export const Account = z.object({ accountId: AccountId, name: z.string(), permissions: z.array(Permission) });
export type Account = z.infer<typeof Account>;

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

/** Refuses with `sign-in-failed`, after the same work and time whether or not the name exists; throttled by rule F7. */
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

export const CreateAccount = orderTo('registry', 'create-account', {
  request: z.object({ accountId: AccountId, name: AccountName, password: Password, permissions: z.array(Permission) }),
  reply: z.object({ version: z.number() }),
  allowed: 'accounts:manage',
});

export const ListAccounts = orderTo('registry', 'list-accounts', {
  request: z.object({}),
  reply: z.object({ accounts: z.array(Account) }),
  allowed: 'accounts:manage',
});

export const accountOrders = {
  FirstAccountNeeded,
  CreateFirstAccount,
  SignIn,
  SignOut,
  CheckSession,
  CreateAccount,
  ListAccounts,
};
