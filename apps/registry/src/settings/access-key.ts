import { createHash, randomBytes } from 'node:crypto';

/** A new access key: 256 random bits as 43 characters of base64url. */
export const newAccessKey = (): string => randomBytes(32).toString('base64url');

/** Names a key without giving it away: the first 8 hex digits of its SHA-256. */
export const accessKeyId = (accessKey: string): string =>
  createHash('sha256').update(accessKey).digest('hex').slice(0, 8);
