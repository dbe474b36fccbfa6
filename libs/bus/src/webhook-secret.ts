import { createHmac, hkdfSync } from 'node:crypto';

/**
 * The secret that signs what a webhook sends: derived from the installation's own (HKDF-SHA-256, RFC 5869), so that it is stored
 * nowhere and every service that has the one knows the other. `secret` is 43 characters of base64url; the answer is `whsec_` and 256
 * bits in base64, as Standard Webhooks writes it.
 */
export function webhookSecret(secret: string, webhookId: string, version: number): string {
  const key = Buffer.from(secret, 'base64url');
  if (key.length !== 32) throw new Error('The secret must be 43 characters of base64url: 256 bits');
  const derived = hkdfSync('sha256', key, webhookId, `muster webhook v${version}`, 32);
  return `whsec_${Buffer.from(derived).toString('base64')}`;
}

/** A signature of kind v1 (Standard Webhooks 1.0): HMAC-SHA-256 over `<id>.<seconds>.<body>`. */
export function webhookSignature(
  secret: string,
  { messageId, seconds, body }: { messageId: string; seconds: number; body: string },
): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${messageId}.${seconds}.${body}`).digest('base64')}`;
}
