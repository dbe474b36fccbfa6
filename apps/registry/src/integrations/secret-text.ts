import { createHash, randomBytes } from 'node:crypto';
import { INTEGRATION_MARK, prefixOfSecret } from '@muster/contracts';
import { hash as bcrypt } from 'bcryptjs';
import type { SecretHashes } from './integration.decider.js';

/**
 * The logarithm of bcrypt's rounds. A high cost is for what people choose; a secret of 256 random bits is not found by trying. Whoever
 * knocks at nats-server with a wrong password makes it work for one such hash: some 5 ms of one core.
 */
const BCRYPT_COST = 6;

/** A new secret of an integration: its mark and 256 random bits. Handed out once and stored nowhere. */
export const newSecret = (): string => `${INTEGRATION_MARK}${randomBytes(32).toString('base64url')}`;

/** What is stored in place of a secret. */
export const hashesOf = async (secret: string): Promise<SecretHashes> => ({
  prefix: prefixOfSecret(secret),
  hash: createHash('sha256').update(secret).digest('hex'),
  natsHash: await bcrypt(secret, BCRYPT_COST),
});
