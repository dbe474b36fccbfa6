import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { accessKeyId } from '@muster/node-link';
import { readIfThere, writePrivately } from '../own-files.js';

const SECRET = /^[A-Za-z0-9_-]{43}$/;
const TICKET = /^mst_([0-9a-f]{8})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/;

/**
 * What inference calls carry. A ticket names an access key and proves that this node issued it under that key: HMAC-SHA-256 over its
 * random part, with a key that HKDF derives from the access key and a secret of the node's own. So nothing about it has to be kept or
 * looked up, it holds after a restart with nobody connected, no other node takes it, and it ends with its access key. No clock
 * is part of it.
 */
export class Tickets {
  readonly #current = new Map<string, string>();
  readonly #derived = new Map<string, Buffer>();

  constructor(
    private readonly secret: string,
    private readonly accessKeys: () => readonly string[],
  ) {}

  /** The ticket of the moment under a key; the same until `renew`. Undefined for a key that does not open links. */
  current(keyId: string): string | undefined {
    const accessKey = this.accessKeys().find((key) => accessKeyId(key) === keyId);
    if (accessKey === undefined) return undefined;
    const ticket = this.#current.get(keyId) ?? this.issue(accessKey);
    this.#current.set(keyId, ticket);
    return ticket;
  }

  /** From now on other tickets are given out; those of before hold on, so that nothing in flight is refused. */
  renew(): void {
    this.#current.clear();
    this.#derived.clear();
  }

  issue(accessKey: string): string {
    const nonce = randomBytes(16).toString('base64url');
    return `mst_${accessKeyId(accessKey)}.${nonce}.${this.#proof(accessKey, nonce).toString('base64url')}`;
  }

  /** Whether this is a ticket that the node issued under a key that still opens links. Takes equally long whichever byte differs. */
  holds(ticket: string): boolean {
    const [, keyId, nonce, proof] = TICKET.exec(ticket) ?? [];
    if (keyId === undefined || nonce === undefined || proof === undefined) return false;
    const accessKey = this.accessKeys().find((key) => accessKeyId(key) === keyId);
    if (accessKey === undefined) return false;
    return timingSafeEqual(this.#proof(accessKey, nonce), Buffer.from(proof, 'base64url'));
  }

  #proof(accessKey: string, nonce: string): Buffer {
    let key = this.#derived.get(accessKey);
    if (key === undefined) {
      key = Buffer.from(hkdfSync('sha256', accessKey, this.secret, 'muster-node ticket', 32));
      // At most two keys open links at a time; the others are of before.
      if (this.#derived.size >= 4) this.#derived.clear();
      this.#derived.set(accessKey, key);
    }
    return createHmac('sha256', key).update(nonce).digest();
  }
}

/** The secret of the node's tickets, made at its first start. Whoever deletes the file ends every ticket of this node. */
export function ticketSecret(dataFolder: string): string {
  const file = join(dataFolder, 'ticket-secret');
  const kept = readIfThere(file)?.trim();
  if (kept !== undefined && SECRET.test(kept)) return kept;
  const made = randomBytes(32).toString('base64url');
  writePrivately(file, `${made}\n`);
  return made;
}
