import { type AccountEvent, type Decider, type Permission, Refusal } from '@muster/contracts';

/** The most sessions an account has at a time. One more ends the oldest. */
export const MAX_SESSIONS = 10;

export type Account =
  | { readonly status: 'unknown' }
  | {
      readonly status: 'present';
      readonly name: string;
      readonly permissions: readonly Permission[];
      /** Ids of the sessions opened and not ended, oldest first. */
      readonly sessions: readonly string[];
    };

interface At {
  readonly accountId: string;
  readonly at: string;
}

export type AccountCommand =
  | (At & { type: 'create'; name: string; permissions: readonly Permission[] })
  | (At & { type: 'sign-in'; sessionId: string; device: string })
  | (At & { type: 'sign-out'; sessionId: string })
  | (At & { type: 'refuse-sign-in'; tries: number });

/** Who has an account and which sessions are open. Passwords and tokens were compared before the command is made. */
export const accountDecider: Decider<Account, AccountCommand, AccountEvent> = {
  initial: { status: 'unknown' },

  evolve(account, event) {
    if (event.type === 'AccountCreated')
      return { status: 'present', name: event.data.name, permissions: event.data.permissions, sessions: [] };
    if (account.status === 'unknown') return account;
    switch (event.type) {
      case 'AccountSignedIn':
        return { ...account, sessions: [...account.sessions, event.data.sessionId] };
      case 'AccountSignedOut':
        return { ...account, sessions: account.sessions.filter((session) => session !== event.data.sessionId) };
      case 'AccountPasswordSet':
      case 'AccountSignInRefused':
        return account;
    }
  },

  decide(command, account) {
    const { accountId, at } = command;
    if (command.type === 'create') return created(command, account);
    if (account.status === 'unknown') throw new Refusal('account-unknown');
    switch (command.type) {
      case 'sign-in': {
        const { sessionId, device } = command;
        if (account.sessions.includes(sessionId)) return [];
        const ended = account.sessions.slice(0, Math.max(0, account.sessions.length + 1 - MAX_SESSIONS));
        return [
          ...ended.map((session) => signedOut({ accountId, at }, session)),
          { type: 'AccountSignedIn', data: { accountId, sessionId, device, at } },
        ];
      }
      case 'sign-out':
        return account.sessions.includes(command.sessionId) ? [signedOut(command, command.sessionId)] : [];
      case 'refuse-sign-in':
        return [{ type: 'AccountSignInRefused', data: { accountId, tries: command.tries, at } }];
    }
  },
};

const signedOut = ({ accountId, at }: At, sessionId: string): AccountEvent => ({
  type: 'AccountSignedOut',
  data: { accountId, sessionId, at },
});

function created(
  { accountId, name, permissions, at }: Extract<AccountCommand, { type: 'create' }>,
  account: Account,
): AccountEvent[] {
  const wanted = [...new Set(permissions)].sort();
  if (account.status === 'unknown')
    return [
      { type: 'AccountCreated', data: { accountId, name, permissions: wanted, at } },
      { type: 'AccountPasswordSet', data: { accountId, at } },
    ];
  if (account.name === name && account.permissions.join() === wanted.join()) return [];
  throw new Refusal('bad-input', { field: 'accountId', words: 'Another account has this id' });
}
