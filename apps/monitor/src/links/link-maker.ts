import type { FleetNode, LinkCause } from '@muster/contracts';
import { type Deadlines, LinkError, type NodeConnection, type ResumeFrom } from '@muster/node-link';
import type { dialAddresses } from '../verify/dial-addresses.js';
import type { Resolver } from '@muster/service';
import { dialWithKeys } from './dial-with-keys.js';
import type { LinkKey } from './known-settings.js';

export type MadeLink =
  | { readonly outcome: 'linked'; readonly connection: NodeConnection; readonly keyId: string }
  | { readonly outcome: 'failed'; readonly cause: LinkCause };

const NAME_MS = 5_000;
const DEADLINES: Deadlines = { portMs: 5_000, encryptedMs: 5_000, handshakeMs: 5_000, helloMs: 5_000 };

/** Makes links as verification does: resolve once, judge every address, dial one of them. Every time anew: names move. */
export class LinkMaker {
  constructor(
    private readonly resolver: Pick<Resolver, 'resolve'>,
    private readonly dial: typeof dialAddresses,
    /** The keys to try, the one in force first. */
    private readonly keys: () => readonly LinkKey[],
    /** Told of each try: `linked`, or why there is no link. */
    private readonly onTried: (outcome: 'linked' | LinkCause) => void = () => undefined,
  ) {}

  /** A link can only be tried once the access key is known. */
  get able(): boolean {
    return this.keys().length > 0;
  }

  /** The key in force, by its name. */
  get keyId(): string | undefined {
    return this.keys()[0]?.keyId;
  }

  /** Whether a link under this key may stay: it is in force, or was until the rotation that is on. */
  accepts(keyId: string | undefined): boolean {
    return this.keys().some((key) => key.keyId === keyId);
  }

  /** Whether the node's address may be dialled as the settings are now. An address that can not be found out may. */
  async mayDial({ host, port }: FleetNode): Promise<boolean> {
    const resolved = await this.resolver.resolve(host, port, NAME_MS);
    return resolved.outcome !== 'failed' || resolved.cause !== 'address-not-allowed';
  }

  /** One try, with every key or with the one in force alone. Rejects only for a fault of our own. */
  async make(
    node: FleetNode,
    resume: ResumeFrom | undefined,
    signal: AbortSignal,
    which: 'any-key' | 'key-in-force' = 'any-key',
  ): Promise<MadeLink> {
    const made = await this.#try(node, resume, signal, which);
    this.onTried(made.outcome === 'linked' ? 'linked' : made.cause);
    return made;
  }

  async #try(
    { nodeId, host, port, certificate }: FleetNode,
    resume: ResumeFrom | undefined,
    signal: AbortSignal,
    which: 'any-key' | 'key-in-force',
  ): Promise<MadeLink> {
    const resolved = await this.resolver.resolve(host, port, NAME_MS);
    if (resolved.outcome === 'failed') return resolved;
    // A node without a pinned certificate was never accepted by anybody: nothing is sent to it.
    if (certificate === undefined) return { outcome: 'failed', cause: 'certificate-changed' };
    const { addresses } = resolved;
    const keys = which === 'any-key' ? this.keys() : this.keys().slice(0, 1);
    const target = { host, port, addresses, pinned: certificate, nodeId, resume, signal, deadlines: DEADLINES };
    try {
      return { outcome: 'linked', ...(await dialWithKeys(this.dial, keys, target)) };
    } catch (error) {
      if (error instanceof LinkError) return { outcome: 'failed', cause: error.linkCause };
      throw error;
    }
  }
}
