import { Injectable } from '@nestjs/common';

/** What ends when, in this order: what a service does of itself, then the bus, then the database under both. */
const STAGES = ['work', 'bus', 'database'] as const;
export type ShutdownStage = (typeof STAGES)[number];

/** Collects how parts are closed, and closes them in order. Within a stage, the last to come is the first to go. */
@Injectable()
export class Shutdown {
  readonly #closers: { stage: ShutdownStage; close: () => Promise<void> | void }[] = [];

  at(stage: ShutdownStage, close: () => Promise<void> | void): void {
    this.#closers.unshift({ stage, close });
  }

  /** Closes everything once, and goes on when one fails. Returns the failures. */
  async run(): Promise<unknown[]> {
    const failures: unknown[] = [];
    const closers = this.#closers.splice(0);
    for (const stage of STAGES)
      for (const closer of closers.filter((one) => one.stage === stage))
        await Promise.resolve()
          .then(closer.close)
          .catch((error: unknown) => failures.push(error));
    return failures;
  }
}
