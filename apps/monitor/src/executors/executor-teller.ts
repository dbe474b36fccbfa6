import type { Executor, ExecutorState, HealthEvent } from '@muster/contracts';

/** No node tells more changes of its executors than this in a minute, however wild they are. */
export const CHANGES_A_MINUTE = 12;
const MINUTE_MS = 60_000;

type Seen = Pick<Executor, 'executorId' | 'model'> & { readonly state: ExecutorState };

/** What was told of a node's executors. */
export interface ToldExecutors {
  /** Undefined until the node was heard: then what is there is no change, unless nobody had known the node before. */
  readonly seen: ReadonlyMap<string, Seen> | undefined;
  /** When changes were told within the last minute, monotonic milliseconds. */
  readonly stamps: readonly number[];
  /** Changes left out since. */
  readonly leftOut: number;
}

/** `known` tells whether somebody watched the node before, who has told what is there. */
export const nothingToldOf = (before: readonly Executor[], known: boolean): ToldExecutors => ({
  seen: before.length > 0 ? seenOf(before) : known ? undefined : new Map(),
  stamps: [],
  leftOut: 0,
});

const seenOf = (executors: readonly Seen[]): Map<string, Seen> =>
  new Map(executors.map(({ executorId, model, state }) => [executorId, { executorId, model, state }]));

/**
 * On the way to another state, which will be told: stopping always, starting when it was not running before. A run that ends
 * by itself shows as one that starts anew.
 */
const passing = (from: ExecutorState | undefined, to: ExecutorState): boolean =>
  to === 'stopping' || (to === 'starting' && from !== 'online');

export interface ObservedExecutors {
  readonly nodeId: string;
  readonly executors: readonly Executor[];
  /** ISO 8601. */
  readonly at: string;
  readonly nowMs: number;
}

/** Which facts follow from the executors that a node tells of. Beyond twelve a minute they are left out and counted. */
export function tellExecutors(
  told: ToldExecutors,
  { nodeId, executors, at, nowMs }: ObservedExecutors,
): { told: ToldExecutors; facts: HealthEvent[] } {
  if (told.seen === undefined) return { told: { ...told, seen: seenOf(executors) }, facts: [] };
  const seen = new Map(told.seen);
  const stamps = told.stamps.filter((stamp) => nowMs - stamp < MINUTE_MS);
  let { leftOut } = told;
  const facts: HealthEvent[] = [];

  const change = (now: Seen, words: string | undefined) => {
    const from = seen.get(now.executorId)?.state;
    if (from === now.state || passing(from, now.state)) return;
    seen.set(now.executorId, { executorId: now.executorId, model: now.model, state: now.state });
    // One that has never run is no news.
    if (from === undefined && now.state === 'offline') return;
    if (stamps.length >= CHANGES_A_MINUTE) {
      leftOut += 1;
      return;
    }
    stamps.push(nowMs);
    facts.push({
      type: 'ExecutorChanged',
      data: {
        nodeId,
        executorId: now.executorId,
        model: now.model,
        ...(from && { from }),
        to: now.state,
        ...(words !== undefined && { words }),
        ...(leftOut > 0 && { leftOut }),
        at,
      },
    });
    leftOut = 0;
  };

  for (const executor of executors) change(executor, executor.words);
  const present = new Set(executors.map(({ executorId }) => executorId));
  for (const gone of [...seen.values()].filter(({ executorId }) => !present.has(executorId))) {
    change({ ...gone, state: 'offline' }, 'It is no longer there');
    seen.delete(gone.executorId);
  }
  return { told: { seen, stamps, leftOut }, facts };
}
