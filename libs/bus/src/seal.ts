import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { Sealed } from '@muster/contracts';

/** AES-256-GCM as NIST SP 800-38D recommends it: a random nonce of 96 bits, a tag of 128. */
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;

/** What was sealed cannot be opened: another secret, or changed since. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

/** Hides a text from whoever does not have the secret (43 characters of base64url, 256 bits), and guards it against change. */
export function seal(secret: string, text: string): Sealed {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(secret), nonce);
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return {
    algorithm: 'A256GCM',
    keyId: secretId(secret),
    nonce: nonce.toString('base64'),
    ciphertext: ciphertext.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
  };
}

/** The text that was sealed. Throws SealBroken. */
export function unseal(secret: string, sealed: Sealed): string {
  const { keyId, nonce, ciphertext, tag } = Sealed.parse(sealed);
  if (keyId !== secretId(secret))
    throw new SealBroken(`This was sealed with the secret ${keyId}; the one at hand is ${secretId(secret)}`);
  try {
    const decipher = createDecipheriv(CIPHER, keyOf(secret), Buffer.from(nonce, 'base64'), { authTagLength: 16 });
    decipher.setAuthTag(Buffer.from(tag, 'base64'));
    return Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64')), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new SealBroken('What was sealed has been changed', { cause });
  }
}

/** Names a secret without giving it away: the first 8 hex digits of its SHA-256. */
export const secretId = (secret: string): string => createHash('sha256').update(secret).digest('hex').slice(0, 8);

function keyOf(secret: string): Buffer {
  const key = Buffer.from(secret, 'base64url');
  if (key.length !== 32) throw new Error('The secret must be 43 characters of base64url: 256 bits');
  return key;
}
