import type { TLSSocket } from 'node:tls';
import { WireClosed } from './socket-wire.js';

/** RFC 9266, `tls-exporter`: 32 bytes that only the two ends of this one TLS session can know. */
const LABEL = 'EXPORTER-Channel-Binding';
const BYTES = 32;

/** What binds a proof to one TLS session. Throws WireClosed when the session is over already. */
export function channelBinding(tls: TLSSocket): Buffer {
  try {
    return tls.exportKeyingMaterial(BYTES, LABEL, Buffer.alloc(0));
  } catch (error) {
    throw new WireClosed('The TLS session is over', { cause: error });
  }
}
