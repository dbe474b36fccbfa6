export interface StoredEvent {
  readonly command_id: string | null;
  readonly stream_id: string;
  readonly version: number;
}

export interface Ledger {
  /** Acknowledged orders of which nothing is stored. */
  readonly lost: number;
  /** Acknowledged orders that are stored more than once. */
  readonly doubled: number;
  /** Versions that do not follow on the one before in their stream. */
  readonly holes: number;
}

/** Compares what was acknowledged with what is stored, in the order of its streams. */
export function compare(acknowledged: readonly string[], stored: readonly StoredEvent[]): Ledger {
  const times = new Map<string, number>();
  for (const { command_id: id } of stored) if (id !== null) times.set(id, (times.get(id) ?? 0) + 1);
  const holes = stored.filter(({ stream_id: stream, version }, index) => {
    const before = stored[index - 1];
    return version !== (before?.stream_id === stream ? before.version : 0) + 1;
  });
  return {
    lost: acknowledged.filter((id) => !times.has(id)).length,
    doubled: acknowledged.filter((id) => (times.get(id) ?? 0) > 1).length,
    holes: holes.length,
  };
}
