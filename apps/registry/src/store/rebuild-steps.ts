import type { RebuildStep } from '@muster/contracts';
import { type EventStore, rebuild, type Rebuildable } from '@muster/event-store';
import { sleep } from '@muster/bus';

/** How often is told how far it has come. */
const TELL_EVERY_MS = 500;

/** Rebuilds, and tells on the way how far it has come. The last step says how it ended. */
export async function* rebuildSteps(
  store: EventStore,
  what: Rebuildable,
  signal: AbortSignal,
  monotonicMs: () => number,
): AsyncGenerator<RebuildStep, void, undefined> {
  const begunMs = monotonicMs();
  let progress = { done: 0, of: 0 };
  const left = new AbortController();
  const rebuilding = rebuild(store, what, {
    onProgress: (done, of) => (progress = { done, of }),
    signal: AbortSignal.any([signal, left.signal]),
  });
  // Whoever asks for no further step leaves it unheard.
  rebuilding.catch(() => undefined);
  try {
    for (;;) {
      const ended = new AbortController();
      const rebuilt = await Promise.race([rebuilding, sleep(TELL_EVERY_MS, ended.signal)]).finally(() => {
        ended.abort();
      });
      if (rebuilt) {
        yield { step: 'swapped', ...rebuilt, tookMs: Math.round(monotonicMs() - begunMs) };
        return;
      }
      yield { step: 'replaying', ...progress };
    }
  } finally {
    left.abort();
  }
}
