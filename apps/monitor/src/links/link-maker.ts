import type { FleetNode, LinkCause } from '@muster/contracts';
import { type Deadlines, LinkError, type NodeConnection, type ResumeFrom } from '@muster/node-link';
import type { dialAddresses } from '../verify/dial-addresses.js';
import type { Resolver } from '../verify/resolve.js';

export type MadeLink =
  | { readonly outcome: 'linked'; readonly connection: NodeConnection; readonly withFormerKey: boolean }
  | { readonly outcome: 'failed'; readonly cause: LinkCause };

const NAME_MS = 5_000;
const DEADLINES: Deadlines = { portMs: 5_000, encryptedMs: 5_000, handshakeMs: 5_000, helloMs: 5_000 };

/** Makes links as verification does: resolve once, judge every address, dial one of them. Every time anew: names move. */
export class LinkMaker {
  constructor(
    private readonly resolver: Pick<Resolver, 'resolve'>,
    private readonly dial: typeof dialAddresses,
    /** The keys to try, the one in force first. */
    private readonly keys: () => readonly string[],
  ) {}

  /** A link can only be tried once the access key is known. */
  get able(): boolean {
    return this.keys().length > 0;
  }

  /** One try. Rejects only for a fault of our own. */
  async make(
    { nodeId, host, port, certificate }: FleetNode,
    resume: ResumeFrom | undefined,
    signal: AbortSignal,
  ): Promise<MadeLink> {
    const resolved = await this.resolver.resolve(host, port, NAME_MS);
    if (resolved.outcome === 'failed') return resolved;
    // A node without a pinned certificate was never accepted by anybody: nothing is sent to it.
    if (certificate === undefined) return { outcome: 'failed', cause: 'certificate-changed' };
    const { addresses } = resolved;
    let withFormerKey = false;
    for (const accessKey of this.keys()) {
      try {
        const target = { host, port, addresses, accessKey, pinned: certificate, nodeId, resume, signal };
        const connection = await this.dial({ ...target, deadlines: DEADLINES });
        return { outcome: 'linked', connection, withFormerKey };
      } catch (error) {
        if (!(error instanceof LinkError)) throw error;
        if (error.linkCause !== 'key-refused') return { outcome: 'failed', cause: error.linkCause };
        withFormerKey = true;
      }
    }
    return { outcome: 'failed', cause: 'key-refused' };
  }
}
