import { setTimeout as sleep } from 'node:timers/promises';

/** How a part that runs is asked whether it still does its work. */
export interface SignsOfLife {
  /** Resolves when it does. Must end by itself, one way or the other. */
  readonly look: () => Promise<void>;
  readonly everyMs: number;
  /** So many looks in a row that fail mean that it is stuck. */
  readonly failures: number;
}

/**
 * Resolves when a part is stuck; rejects when the signal fires before. Looks are counted, not seconds: after a machine has
 * slept nothing is taken for stuck.
 */
export async function getsStuck({ look, everyMs, failures }: SignsOfLife, signal: AbortSignal): Promise<void> {
  for (let failed = 0; failed < failures;) {
    await sleep(everyMs, undefined, { signal });
    failed = await look().then(
      () => 0,
      () => failed + 1,
    );
  }
  signal.throwIfAborted();
}
