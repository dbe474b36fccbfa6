import { type AccountEvent, type Decider, type Permission, Refusal } from '@muster/contracts';

/** The most sessions an account has at a time. One more ends the oldest. */
export const MAX_SESSIONS = 10;

interface Present {
  readonly status: 'present';
  readonly name: string;
  readonly permissions: readonly Permission[];
  readonly disabled: boolean;
  /** Ids of the sessions opened and not ended, oldest first. */
  readonly sessions: readonly string[];
  readonly version: number;
  /** The version that a change of the account itself led to last; signing in and out is none. */
  readonly changedIn: number;
}
export type Account = { readonly status: 'unknown' } | Present | { readonly status: 'deleted' };

interface At {
  readonly accountId: string;
  readonly at: string;
}
/** An order about an account by somebody who manages accounts. */
interface Managing extends At {
  /** The account of whoever orders it, and what that one may do. */
  readonly by: { readonly accountId: string | undefined; readonly may: readonly Permission[] };
  /** The version that was seen: refused when the account itself was changed since. */
  readonly expectedVersion?: number | undefined;
}

export type AccountCommand =
  | (At & { type: 'create'; name: string; permissions: readonly Permission[] })
  | (At & { type: 'sign-in'; sessionId: string; device: string })
  | (At & { type: 'end-sessions'; which: WhichSessions })
  | (At & { type: 'refuse-sign-in'; tries: number })
  | ManageCommand
  | PasswordCommand;

/** Changes an account, but not its password. */
export type ManageCommand =
  | (Managing & { type: 'change'; name?: string | undefined; permissions?: readonly Permission[] | undefined })
  | (Managing & { type: 'disable' | 'enable' | 'delete' });

/** Sets the password of another account, or changes one's own in the session that goes on. */
export type PasswordCommand = (Managing & { type: 'set-password' }) | (At & { type: 'change-password'; keep: string });

export type WhichSessions = { readonly only: string } | { readonly allBut: string | undefined };

/**
 * Who has an account and which sessions are open. Passwords and tokens were compared before the command is made. That some
 * account is left which can manage the others is seen to by whoever carries the command: it concerns all of them.
 */
export const accountDecider: Decider<Account, AccountCommand, AccountEvent> = {
  initial: { status: 'unknown' },

  evolve(account, event) {
    if (event.type === 'AccountCreated') {
      const { name, permissions } = event.data;
      return { status: 'present', name, permissions, disabled: false, sessions: [], version: 1, changedIn: 1 };
    }
    if (account.status !== 'present') return account;
    const version = account.version + 1;
    const same = { ...account, version };
    const changed = { ...same, changedIn: version };
    switch (event.type) {
      case 'AccountRenamed':
        return { ...changed, name: event.data.name };
      case 'AccountPermissionsChanged':
        return { ...changed, permissions: event.data.permissions };
      case 'AccountDisabled':
      case 'AccountEnabled':
        return { ...changed, disabled: event.type === 'AccountDisabled' };
      case 'AccountPasswordSet':
        return changed;
      case 'AccountDeleted':
        return { status: 'deleted' };
      case 'AccountSignedIn':
        return { ...same, sessions: [...account.sessions, event.data.sessionId] };
      case 'AccountSignedOut':
        return { ...same, sessions: account.sessions.filter((session) => session !== event.data.sessionId) };
      case 'AccountSignInRefused':
        return same;
    }
  },

  decide(command, account) {
    const { accountId, at } = command;
    if (command.type === 'create') return created(command, account);
    if (account.status === 'unknown') throw new Refusal('account-unknown');
    if (account.status === 'deleted') {
      if (command.type === 'delete') return [];
      throw new Refusal('account-deleted');
    }
    switch (command.type) {
      case 'sign-in': {
        const { sessionId, device } = command;
        if (account.disabled) throw new Refusal('account-disabled');
        if (account.sessions.includes(sessionId)) return [];
        const ended = account.sessions.slice(0, Math.max(0, account.sessions.length + 1 - MAX_SESSIONS));
        return [
          ...ended.map((session) => signedOut(command, session)),
          { type: 'AccountSignedIn', data: { accountId, sessionId, device, at } },
        ];
      }
      case 'end-sessions':
        return ended(command, account, command.which);
      case 'refuse-sign-in':
        return [{ type: 'AccountSignInRefused', data: { accountId, tries: command.tries, at } }];
      case 'change-password':
        return [
          ...ended(command, account, { allBut: command.keep }),
          { type: 'AccountPasswordSet', data: { accountId, at } },
        ];
      case 'change':
      case 'set-password':
      case 'disable':
      case 'enable':
      case 'delete':
        return managed(command, account);
    }
  },
};

const signedOut = ({ accountId, at }: At, sessionId: string): AccountEvent => ({
  type: 'AccountSignedOut',
  data: { accountId, sessionId, at },
});

const ended = (at: At, { sessions }: Present, which: WhichSessions): AccountEvent[] =>
  sessions
    .filter((session) => ('only' in which ? session === which.only : session !== which.allBut))
    .map((session) => signedOut(at, session));

/** What comes last is the change itself, so that its version is the one the order led to. */
function managed(
  command: ManageCommand | Exclude<PasswordCommand, { type: 'change-password' }>,
  account: Present,
): AccountEvent[] {
  const { accountId, at, by, expectedVersion = account.version } = command;
  if (expectedVersion < account.changedIn || expectedVersion > account.version)
    throw new Refusal('version-conflict', { currentVersion: account.version });
  const own = by.accountId === accountId;
  const data = { accountId, at };
  const everySession = ended(command, account, { allBut: undefined });
  switch (command.type) {
    case 'change':
      return changed(command, account);
    case 'set-password':
      if (own) throw new Refusal('own-account', { words: 'Change your own password by the one you have.' });
      // Whoever sets a password can sign in with it.
      giveOnly(account.permissions, by.may);
      return [...everySession, { type: 'AccountPasswordSet', data }];
    case 'disable':
      if (own) throw new Refusal('own-account');
      return account.disabled ? [] : [...everySession, { type: 'AccountDisabled', data }];
    case 'enable':
      return account.disabled ? [{ type: 'AccountEnabled', data }] : [];
    case 'delete':
      if (own) throw new Refusal('own-account');
      return [...everySession, { type: 'AccountDeleted', data }];
  }
}

function changed(
  { accountId, at, by, name, permissions }: Extract<AccountCommand, { type: 'change' }>,
  account: Present,
): AccountEvent[] {
  const events: AccountEvent[] = [];
  if (name !== undefined && name !== account.name)
    events.push({ type: 'AccountRenamed', data: { accountId, name, from: account.name, at } });
  if (permissions !== undefined) {
    const wanted = sorted(permissions);
    const from = [...account.permissions];
    if (by.accountId === accountId && from.includes('accounts:manage') && !wanted.includes('accounts:manage'))
      throw new Refusal('own-account', { field: 'permissions' });
    giveOnly(
      wanted.filter((permission) => !from.includes(permission)),
      by.may,
    );
    if (wanted.join() !== sorted(from).join())
      events.push({ type: 'AccountPermissionsChanged', data: { accountId, permissions: wanted, from, at } });
  }
  return events;
}

/** Refuses with `not-permitted` when somebody would give what they do not have. */
export function giveOnly(given: readonly Permission[], may: readonly Permission[]): void {
  const beyond = given.filter((permission) => !may.includes(permission));
  if (beyond.length > 0)
    throw new Refusal('not-permitted', {
      field: 'permissions',
      words: `You can give only permissions that you have: not ${beyond.join(', ')}.`,
    });
}

const sorted = (permissions: readonly Permission[]): Permission[] => [...new Set(permissions)].sort();

function created(
  { accountId, name, permissions, at }: Extract<AccountCommand, { type: 'create' }>,
  account: Account,
): AccountEvent[] {
  const wanted = sorted(permissions);
  if (account.status === 'unknown')
    return [
      { type: 'AccountCreated', data: { accountId, name, permissions: wanted, at } },
      { type: 'AccountPasswordSet', data: { accountId, at } },
    ];
  if (account.status === 'deleted') throw new Refusal('account-deleted');
  if (account.name === name && account.permissions.join() === wanted.join()) return [];
  throw new Refusal('bad-input', { field: 'accountId', words: 'Another account has this id' });
}
