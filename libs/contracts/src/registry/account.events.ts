import * as z from 'zod/mini';
import { Permission } from '../permissions.js';
import { AccountName } from '../text.js';

export const AccountId = z.uuid('The account id must be a UUID');

const at = z.iso.datetime();
const fact = <Type extends string, Data extends z.core.$ZodLooseShape>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), data: z.object({ accountId: AccountId, ...data, at }) });

/** Somebody can sign in from now on. */
export const AccountCreated = fact('AccountCreated', { name: AccountName, permissions: z.array(Permission) });
/** Says that it was set, never what it is. */
export const AccountPasswordSet = fact('AccountPasswordSet', {});
/** An account has another name. */
export const AccountRenamed = fact('AccountRenamed', { name: AccountName, from: AccountName });
/** All permissions that the account has from then on, and those it had before. */
export const AccountPermissionsChanged = fact('AccountPermissionsChanged', {
  permissions: z.array(Permission),
  from: z.array(Permission),
});
/** Nobody signs in with it until it is enabled again. */
export const AccountDisabled = fact('AccountDisabled', {});
/** Somebody can sign in with it again. */
export const AccountEnabled = fact('AccountEnabled', {});
/** Gone for good: its name is free, its id never comes back. */
export const AccountDeleted = fact('AccountDeleted', {});
/** `sessionId` names the session to people; it is not the token that opens it. */
export const AccountSignedIn = fact('AccountSignedIn', { sessionId: z.uuid(), device: z.string() });
/** A session has ended, at the word of its owner or of somebody who manages accounts. */
export const AccountSignedOut = fact('AccountSignedOut', { sessionId: z.uuid() });
/** One fact for a row of refused tries, written when a delay begins, so that guessing can not flood the history. */
export const AccountSignInRefused = fact('AccountSignInRefused', { tries: z.number() });

/** What is decided about accounts. Stream `account-<accountId>`, on the bus in ACCESS. */
export const AccountEvent = z.discriminatedUnion('type', [
  AccountCreated,
  AccountPasswordSet,
  AccountRenamed,
  AccountPermissionsChanged,
  AccountDisabled,
  AccountEnabled,
  AccountDeleted,
  AccountSignedIn,
  AccountSignedOut,
  AccountSignInRefused,
]);
export type AccountEvent = z.infer<typeof AccountEvent>;
