/** Why a question to the other end got no answer. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';

  constructor(readonly why: 'ended' | 'timed-out' | 'too-many' | 'too-old') {
    super(`No answer: ${why}`);
  }
}

interface Question<Answer> {
  readonly promise: Promise<Answer>;
  answer(answer: Answer): void;
  fail(error: Error): void;
}

/** Questions that wait for their answer by id, so many at once at most, each for so long at most. */
export class Questions<Answer> {
  readonly #open = new Map<string, Question<Answer>>();

  constructor(private readonly most: number) {}

  /** Asks with `ask`, or waits with whoever asked under this id already. Rejects with Unanswered. */
  ask(id: string, withinMs: number, ask: () => void): Promise<Answer> {
    const before = this.#open.get(id);
    if (before !== undefined) return before.promise;
    if (this.#open.size >= this.most) return Promise.reject(new Unanswered('too-many'));
    let resolve!: (answer: Answer) => void;
    let reject!: (error: Error) => void;
    const promise = new Promise<Answer>((...settle) => ([resolve, reject] = settle));
    const timer = setTimeout(() => {
      this.#open.delete(id);
      reject(new Unanswered('timed-out'));
    }, withinMs);
    this.#open.set(id, {
      promise,
      answer: (answer) => {
        clearTimeout(timer);
        resolve(answer);
      },
      fail: (error) => {
        clearTimeout(timer);
        reject(error);
      },
    });
    ask();
    return promise;
  }

  /** An answer came. One that nobody waits for any more is passed over. */
  answered(id: string, answer: Answer): void {
    this.#open.get(id)?.answer(answer);
    this.#open.delete(id);
  }

  /** Resolves when every question asked so far is answered or given up. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#open.values()].map(({ promise }) => promise));
  }

  /** Nothing will be answered any more. */
  end(): void {
    for (const question of this.#open.values()) question.fail(new Unanswered('ended'));
    this.#open.clear();
  }
}
