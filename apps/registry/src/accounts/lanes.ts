import { DELAY_CAP_MS, type Lane } from './throttle.js';

/** The code is not a person's: its delay stays short, so that nobody can keep the owner from the first account for long. */
const CODE_CAP_MS = 60_000;

/** Tries from one address, whatever they try. */
export const fromAddress = (address: string): Lane => ({ name: `from ${address}`, capMs: DELAY_CAP_MS });

/**
 * Tries for one account. Those from an address where its holder has signed in before are counted apart: strangers who
 * guess can delay each other and not the holder.
 */
export const forAccount = (nameKey: string, familiarAddress: string | undefined): Lane => ({
  name: familiarAddress === undefined ? `for ${nameKey}` : `for ${nameKey} from ${familiarAddress}`,
  capMs: DELAY_CAP_MS,
});

/** Tries of the one-time code, from wherever. */
export const forFirstCode: Lane = { name: 'first code', capMs: CODE_CAP_MS };

/** Tries of an account's own password by somebody who has a session of it already. */
export const forOwnPassword = (accountId: string): Lane => ({
  name: `own password of ${accountId}`,
  capMs: DELAY_CAP_MS,
});
