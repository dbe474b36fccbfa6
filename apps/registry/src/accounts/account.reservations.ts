import { type AccountEvent, nameKey } from '@muster/contracts';
import type { Account } from './account.decider.js';

interface Reservation {
  readonly kind: 'account-name' | 'first-account';
  readonly key: string;
}
type Reserve = (
  event: AccountEvent,
  account: Account,
) => { readonly take: readonly Reservation[]; readonly release: readonly Reservation[] };

const name = (text: string): Reservation => ({ kind: 'account-name', key: nameKey(text) });

/** An account takes its name, which is the same name in other letters too, and gives it back when it goes. */
export const accountReservations: Reserve = ({ type, data }, account) => {
  switch (type) {
    case 'AccountCreated':
      return { take: [name(data.name)], release: [] };
    case 'AccountRenamed':
      return nameKey(data.name) === nameKey(data.from)
        ? { take: [], release: [] }
        : { take: [name(data.name)], release: [name(data.from)] };
    case 'AccountDeleted':
      return { take: [], release: account.status === 'present' ? [name(account.name)] : [] };
    case 'AccountPasswordSet':
    case 'AccountPermissionsChanged':
    case 'AccountDisabled':
    case 'AccountEnabled':
    case 'AccountSignedIn':
    case 'AccountSignedOut':
    case 'AccountSignInRefused':
      return { take: [], release: [] };
  }
};

/** The first account takes its place as well. Nobody ever gives that back, so there is one first account. */
export const firstAccountReservations: Reserve = (event, account) => {
  const { take, release } = accountReservations(event, account);
  return event.type === 'AccountCreated'
    ? { take: [...take, { kind: 'first-account', key: 'ever' }], release }
    : { take, release };
};
