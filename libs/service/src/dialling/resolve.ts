import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { LinkCause } from '@muster/contracts';
import { type DialPolicy, judgeAddress } from './dial-policy.js';

export type Resolved =
  | { readonly outcome: 'addresses'; readonly addresses: readonly string[] }
  | {
      readonly outcome: 'failed';
      readonly cause: Extract<LinkCause, 'name-not-found' | 'timed-out' | 'address-not-allowed'>;
    };

/** A name with more addresses than this is dialled at the first ones alone; all are judged. */
export const ADDRESSES_TRIED = 4;

/** Every refusal of an address takes this long, so that its time does not tell which of the rules refused it. */
const REFUSED_AFTER_MS = 100;

/** The system's resolver works on few threads, and a name that hangs holds one. Names that hung share this many among them. */
const SLOW_AT_ONCE = 2;

/** Resolves names once per dial and judges every address they stand for. */
export class Resolver {
  readonly #slow = new Set<string>();
  #slowInFlight = 0;

  constructor(
    private readonly policy: () => DialPolicy,
    private readonly lookUp: (host: string) => Promise<readonly string[]> = systemLookUp,
  ) {}

  /**
   * The addresses to dial, IPv4 first, none of which is refused. One refused address refuses the name: a name that mixes
   * them is not one to be trusted. Never rejects.
   */
  async resolve(host: string, port: number, withinMs: number): Promise<Resolved> {
    const startedMs = performance.now();
    const found = isIP(host) === 0 ? await this.#find(host, withinMs) : [host];
    if (typeof found === 'string') return { outcome: 'failed', cause: found };
    if (found.some((address) => judgeAddress(address, port, this.policy()) !== 'allowed')) {
      const restMs = REFUSED_AFTER_MS - (performance.now() - startedMs);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, restMs)));
      return { outcome: 'failed', cause: 'address-not-allowed' };
    }
    return { outcome: 'addresses', addresses: found.slice(0, ADDRESSES_TRIED) };
  }

  async #find(host: string, withinMs: number): Promise<readonly string[] | 'name-not-found' | 'timed-out'> {
    const slow = this.#slow.has(host);
    if (slow && this.#slowInFlight >= SLOW_AT_ONCE) return 'timed-out';
    if (slow) this.#slowInFlight += 1;
    const answer = this.lookUp(host).then(
      (addresses) => (addresses.length === 0 ? ('name-not-found' as const) : addresses),
      (error: unknown) => (isTemporary(error) ? ('timed-out' as const) : ('name-not-found' as const)),
    );
    // A look-up can not be taken back: its place is free when it really ends.
    void answer.then(() => {
      this.#slow.delete(host);
      if (slow) this.#slowInFlight -= 1;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'timed-out'>((resolve) => {
      timer = setTimeout(() => {
        if (this.#slow.size < 10_000) this.#slow.add(host);
        resolve('timed-out');
      }, withinMs);
    });
    const found = await Promise.race([answer, late]);
    clearTimeout(timer);
    return found;
  }
}

const isTemporary = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'EAI_AGAIN';

const systemLookUp = async (host: string): Promise<readonly string[]> => {
  const found = await lookup(host, { all: true, order: 'ipv4first' });
  return [...new Set(found.map(({ address }) => address))];
};
