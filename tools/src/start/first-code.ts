/** Letters and digits that nobody mistakes for one another (Crockford's base 32). */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The one-time code for the first account, as ABCD-EFGH: 40 bits, for a door that counts failed tries. From 8 random bytes. */
export function firstCode(random: Uint8Array): string {
  const letters = [...random.subarray(0, 8)].map((byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('');
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}
