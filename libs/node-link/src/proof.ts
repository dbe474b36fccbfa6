import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

/** Who proves that it holds the access key. Each role has its own derived key: a proof sent back to its maker proves nothing. */
export type Role = 'gateway' | 'node';

export const NONCE_BYTES = 32;

/** What a proof is about: this protocol version, these two nonces, this node, this one TLS session. */
export interface Transcript {
  readonly version: number;
  readonly gatewayNonce: Buffer;
  readonly nodeNonce: Buffer;
  /** The id under which the Gateway knows the node; absent while it is not registered. */
  readonly nodeId: string | undefined;
  /** 32 bytes of keying material exported from the TLS session (RFC 9266), known to its two ends alone. */
  readonly exporter: Buffer;
}

export const makeNonce = (): Buffer => randomBytes(NONCE_BYTES);

/** Names a key without giving it away: the first 8 hex digits of SHA-256 over its 43 characters. */
export const accessKeyId = (accessKey: string): string =>
  createHash('sha256').update(accessKey, 'utf8').digest('hex').slice(0, 8);

/** Fixed lengths throughout, so that no two transcripts share an encoding. */
function encode({ version, gatewayNonce, nodeNonce, nodeId, exporter }: Transcript): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(version);
  const id = nodeId === undefined ? Buffer.alloc(16) : Buffer.from(nodeId.replaceAll('-', ''), 'hex');
  return Buffer.concat([number, gatewayNonce, nodeNonce, id, exporter]);
}

/** HMAC-SHA-256 over the transcript with the role's key, which HKDF-SHA-256 (RFC 5869) derives from the access key. */
export function prove(role: Role, accessKey: string, transcript: Transcript): Buffer {
  const key = Buffer.from(hkdfSync('sha256', accessKey, '', `muster-link ${role}`, 32));
  return createHmac('sha256', key).update(encode(transcript)).digest();
}

/** Whether `proof` is the one that `role` would make. Takes equally long whichever byte differs. */
export const proves = (proof: Buffer, role: Role, accessKey: string, transcript: Transcript): boolean => {
  const expected = prove(role, accessKey, transcript);
  return proof.length === expected.length && timingSafeEqual(proof, expected);
};
