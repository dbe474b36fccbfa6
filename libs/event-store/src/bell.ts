/** Lets a loop sleep until something happens or a time is over, whichever comes first. A ring while nobody waits is kept. */
export class Bell {
  #rung = false;
  readonly #waiting = new Set<() => void>();

  ring(): void {
    this.#rung = this.#waiting.size === 0;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at the next ring, after `withinMs`, or when the signal fires. */
  heard(withinMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#rung || signal?.aborted) {
      this.#rung = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, withinMs);
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }
}

/** Full jitter between a floor and a ceiling that doubles with each failure: 0.1 s to 5 s. */
export const pauseMs = (failures: number, random: () => number = Math.random): number =>
  100 + random() * (Math.min(5_000, 200 * 2 ** Math.min(failures, 10)) - 100);
