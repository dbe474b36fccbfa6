import * as z from 'zod/mini';

/** A secret under AES-256-GCM with `MUSTER_SECRET`: what may be stored or sent where the secret itself may not. */
export const Sealed = z.object({
  algorithm: z.literal('A256GCM'),
  /** Which MUSTER_SECRET it was sealed with: the first 8 hex digits of its SHA-256. */
  keyId: z.string(),
  nonce: z.base64(),
  ciphertext: z.base64(),
  tag: z.base64(),
});
export type Sealed = z.infer<typeof Sealed>;
