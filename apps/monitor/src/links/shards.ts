/** Nodes are shared out among monitors in so many parts. Fixed: the numbers stand in the database. */
export const SHARDS = 64;

/** The shard of a node, by FNV-1a over its id: the same in every monitor. */
export function shardOf(nodeId: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < nodeId.length; index++) hash = Math.imul(hash ^ nodeId.charCodeAt(index), 0x01000193);
  return (hash >>> 0) % SHARDS;
}

/** How many shards each of so many monitors is to hold: together all, none more than one above another. */
export const fairShare = (monitors: number): number => Math.ceil(SHARDS / Math.max(1, monitors));
