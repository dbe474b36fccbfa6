import { type NodeEvent, Refusal, addressKey, nameKey } from '@muster/contracts';
import type { Node } from './node.decider.js';

/** Something that at most one present node may hold at a time. */
export type NodeKind = 'node-name' | 'node-address' | 'node-certificate';
export interface NodeReservation {
  readonly kind: NodeKind;
  readonly key: string;
}
export interface Reserve<Reservation> {
  readonly take: readonly Reservation[];
  readonly release: readonly Reservation[];
}

const name = (text: string): NodeReservation => ({ kind: 'node-name', key: nameKey(text) });
const address = ({ host, port }: { host: string; port: number }): NodeReservation => ({
  kind: 'node-address',
  key: addressKey(host, port),
});
const certificate = (fingerprint: string): NodeReservation => ({ kind: 'node-certificate', key: fingerprint });

/** One for the other; nothing when both are the same key, as when a name changes its letter case alone. */
const swap = (taken: NodeReservation, released: NodeReservation | undefined): Reserve<NodeReservation> =>
  taken.key === released?.key ? { take: [], release: [] } : { take: [taken], release: released ? [released] : [] };

/** What an event takes and gives back, `node` being the node just before it. */
export function nodeReservations(event: NodeEvent, node: Node): Reserve<NodeReservation> {
  switch (event.type) {
    case 'NodeRegistered':
      return { take: [name(event.data.name), address(event.data)], release: [] };
    case 'NodeRenamed':
      return swap(name(event.data.name), name(event.data.from));
    case 'NodeReaddressed':
      return swap(address(event.data), address(event.data.from));
    case 'NodeCertificatePinned': {
      const { certificate: pinned, from } = event.data;
      return swap(certificate(pinned.fingerprint), from === undefined ? undefined : certificate(from));
    }
    case 'NodeRemoved':
      if (node.status !== 'present') return { take: [], release: [] };
      return {
        take: [],
        release: [
          name(node.name),
          address(node),
          ...(node.fingerprint === undefined ? [] : [certificate(node.fingerprint)]),
        ],
      };
    case 'NodeActivated':
    case 'NodeDeactivated':
      return { take: [], release: [] };
  }
}

/** The refusal for a reservation that another node holds. */
export const nodeRefusals: Record<NodeKind, () => Refusal> = {
  'node-name': () => new Refusal('node-name-taken', { field: 'name' }),
  'node-address': () => new Refusal('node-address-taken', { field: 'host' }),
  'node-certificate': () => new Refusal('node-already-registered'),
};
