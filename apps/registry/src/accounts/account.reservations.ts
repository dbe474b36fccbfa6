import { type AccountEvent, nameKey } from '@muster/contracts';

interface Reservation {
  readonly kind: 'account-name' | 'first-account';
  readonly key: string;
}
type Reserve = (event: AccountEvent) => { readonly take: readonly Reservation[]; readonly release: [] };

/** An account takes its name, which is the same name in other letters too. */
export const accountReservations: Reserve = ({ type, data }) => ({
  take: type === 'AccountCreated' ? [{ kind: 'account-name', key: nameKey(data.name) }] : [],
  release: [],
});

/** The first account takes its place as well. Nobody ever gives that back, so there is one first account. */
export const firstAccountReservations: Reserve = (event) => ({
  take: [
    ...accountReservations(event).take,
    ...(event.type === 'AccountCreated' ? [{ kind: 'first-account' as const, key: 'ever' }] : []),
  ],
  release: [],
});
