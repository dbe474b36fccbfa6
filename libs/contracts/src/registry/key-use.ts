import * as z from 'zod/mini';
import { ApiKeyId, ApiKeyText } from './api-key.events.js';

/** Headers as Node gives them: names in small letters. */
export type KeyHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * The API key that a request carries: `Authorization: Bearer <key>`, `Authorization: ApiKey <key>` or `X-API-Key: <key>`, in this
 * order. The scheme's letter case makes no difference (RFC 9110 11.1). Undefined for anything that is no key of Muster's: clients
 * that must send something send anything, and proxies have tokens of their own.
 */
export function apiKeyOf(headers: KeyHeaders): string | undefined {
  const { authorization, 'x-api-key': plain } = headers;
  const inScheme =
    typeof authorization === 'string' ? /^(?:bearer|apikey) +(\S+) *$/i.exec(authorization)?.[1] : undefined;
  return [inScheme, plain].find((text): text is string => ApiKeyText.safeParse(text).success);
}

/** Told on the bus when a key was used: by each process that serves it once a minute at most. */
export const ApiKeyUsed = z.object({ keyId: ApiKeyId, at: z.iso.datetime() });
export type ApiKeyUsed = z.infer<typeof ApiKeyUsed>;

const TOLD_EVERY_MS = 60_000;
/** Beyond so many keys within a minute the one told longest ago is forgotten, and told again when it is used. */
const MOST_TOLD = 10_000;

/** Remembers which uses were told, so that each key is told once a minute. `nowMs` is a monotonic clock's. */
export class KeyUses {
  readonly #toldMs = new Map<string, number>();

  /** Whether this use is to be told. */
  note(keyId: string, nowMs: number): boolean {
    const told = this.#toldMs.get(keyId);
    if (told !== undefined && nowMs - told < TOLD_EVERY_MS) return false;
    this.#toldMs.delete(keyId);
    this.#toldMs.set(keyId, nowMs);
    const [oldest] = this.#toldMs.keys();
    if (this.#toldMs.size > MOST_TOLD && oldest !== undefined) this.#toldMs.delete(oldest);
    return true;
  }
}
