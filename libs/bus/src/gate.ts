/** Runs at most `width` tasks at once; `waiting` more may wait their turn, and the next is turned away. */
export class Gate {
  #running = 0;
  readonly #queue: (() => void)[] = [];
  readonly #idle = new Set<() => void>();

  constructor(
    private readonly width: number,
    private readonly waiting: number,
  ) {}

  get running(): number {
    return this.#running;
  }

  /** False when there is no place left: then the task does not run. A task that rejects is the task's own matter. */
  enter(task: () => Promise<void>): boolean {
    if (this.#running < this.width) {
      void this.#run(task);
      return true;
    }
    if (this.#queue.length >= this.waiting) return false;
    this.#queue.push(() => void this.#run(task));
    return true;
  }

  /** Resolves when nothing runs and nothing waits. */
  async idle(): Promise<void> {
    while (this.#running > 0) await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  async #run(task: () => Promise<void>): Promise<void> {
    this.#running += 1;
    try {
      await task();
    } finally {
      this.#running -= 1;
      this.#queue.shift()?.();
      if (this.#running === 0) {
        for (const resolve of this.#idle) resolve();
        this.#idle.clear();
      }
    }
  }
}
