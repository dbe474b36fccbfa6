import type { FleetNode } from '@muster/contracts';
import { shardOf } from './shards.js';

/** A node that is to be watched here, under the token of its lease. */
export interface Wanted {
  readonly node: FleetNode;
  readonly token: number;
}

export type LinkAction =
  | { readonly do: 'watch'; readonly wanted: Wanted }
  | { readonly do: 'change'; readonly wanted: Wanted }
  /** It is in the fleet no more: nothing is kept. */
  | { readonly do: 'remove'; readonly nodeId: string }
  /** Somebody else watches it, or nobody may. */
  | { readonly do: 'release'; readonly nodeId: string };

/** The nodes to watch: those of the fleet whose shard is held. */
export const wantedOf = (nodes: Iterable<FleetNode>, held: ReadonlyMap<number, number>): Wanted[] =>
  [...nodes].flatMap((node) => {
    const token = held.get(shardOf(node.nodeId));
    return token === undefined ? [] : [{ node, token }];
  });

/** What to do so that what is watched becomes what is wanted. A lease that was lost and won again is another one. */
export function reconcile(
  wanted: readonly Wanted[],
  watched: ReadonlyMap<string, Wanted>,
  inFleet: (nodeId: string) => boolean,
): LinkAction[] {
  const byId = new Map(wanted.map((each) => [each.node.nodeId, each]));
  const ends = [...watched.keys()].flatMap((nodeId): LinkAction[] => {
    if (!inFleet(nodeId)) return [{ do: 'remove', nodeId }];
    return byId.get(nodeId)?.token === watched.get(nodeId)?.token ? [] : [{ do: 'release', nodeId }];
  });
  const begins = wanted.flatMap((each): LinkAction[] => {
    const now = watched.get(each.node.nodeId);
    if (now?.token !== each.token) return [{ do: 'watch', wanted: each }];
    return now.node.version === each.node.version ? [] : [{ do: 'change', wanted: each }];
  });
  return [...ends, ...begins];
}
