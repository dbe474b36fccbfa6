import type { Certificate } from '@muster/contracts';
import {
  type Deadlines,
  dial,
  LinkError,
  type NodeConnection,
  type ResumeFrom,
  type StageInfo,
} from '@muster/node-link';

export interface DialTarget {
  readonly host: string;
  readonly port: number;
  /** Judged and resolved: what is dialled, in this order. */
  readonly addresses: readonly string[];
  readonly accessKey: string;
  readonly pinned?: Certificate | undefined;
  readonly nodeId?: string | undefined;
  readonly resume?: ResumeFrom | undefined;
  readonly deadlines: Deadlines;
  readonly signal: AbortSignal;
}

/**
 * Dials one address after the other until one answers its port; what answers first is what counts, whatever it then says.
 * A name often stands for IPv4 and IPv6 while the node listens on one of them. All together get the time that one port has.
 */
export async function dialAddresses(
  { addresses, deadlines, ...target }: DialTarget,
  onStage?: (info: StageInfo) => void,
): Promise<NodeConnection> {
  let told: LinkError | undefined;
  const share = { ...deadlines, portMs: deadlines.portMs / Math.max(1, addresses.length) };
  for (const address of addresses) {
    try {
      return await dial({ ...target, address, deadlines: share }, onStage);
    } catch (error) {
      if (!(error instanceof LinkError) || error.stage !== 'port' || target.signal.aborted) throw error;
      // A port that is refused says more than an address family that this machine has no route for.
      if (told === undefined || told.linkCause === 'unreachable') told = error;
    }
  }
  throw told ?? new LinkError('unreachable', 'port');
}
