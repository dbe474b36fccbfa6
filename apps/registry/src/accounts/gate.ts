/** Lets `width` tasks run at once and `waiting` more wait their turn; whoever comes beyond that is turned away. */
export class Gate {
  #running = 0;
  readonly #queue: (() => void)[] = [];

  constructor(
    private readonly width: number,
    private readonly waiting: number,
  ) {}

  /** The task's own outcome, or undefined at once when there is no place left: then the task never runs. */
  run<T>(task: () => Promise<T>): Promise<T> | undefined {
    if (this.#running < this.width) return this.#start(task);
    if (this.#queue.length >= this.waiting) return undefined;
    return new Promise<void>((resolve) => this.#queue.push(resolve)).then(() => this.#start(task));
  }

  async #start<T>(task: () => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await task();
    } finally {
      this.#running -= 1;
      this.#queue.shift()?.();
    }
  }
}
