/** A source of chance in [0, 1), as Math.random is one. */
export type Random = () => number;

/**
 * How long to wait before try number `attempt` (1 for the first retry): anywhere between `floorMs` and a ceiling that
 * doubles from `baseMs` up to `capMs`. Full jitter: those who failed together do not come back together.
 */
export function fullJitter(
  attempt: number,
  { baseMs, capMs, floorMs = 0 }: { baseMs: number; capMs: number; floorMs?: number },
  random: Random = Math.random,
): number {
  const ceilingMs = Math.max(floorMs, Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 30)));
  return Math.round(floorMs + random() * (ceilingMs - floorMs));
}

/** Waits, or returns early when the signal fires. Never rejects. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** What the promise gives, or undefined when it has given nothing after `ms`. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const giveUp = new AbortController();
  try {
    return await Promise.race([promise, sleep(ms, giveUp.signal).then(() => undefined)]);
  } finally {
    giveUp.abort();
  }
}
