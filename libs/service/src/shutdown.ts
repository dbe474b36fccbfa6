import { within } from '@muster/bus';

/** What ends when, in this order: what a service does of itself, then the bus, then the database under both. */
const STAGES = ['work', 'bus', 'database'] as const;
export type ShutdownStage = (typeof STAGES)[number];

interface Closer {
  readonly stage: ShutdownStage;
  readonly close: () => Promise<void> | void;
}

/** How long one part may take to close. */
const CLOSE_MS = 8_000;

/** Collects how parts are closed, and closes them in order. Within a stage, the last to come is the first to go. */
export class Shutdown {
  readonly #closers: Closer[] = [];
  readonly #begun = new AbortController();
  #over = false;

  constructor(private readonly boundMs = CLOSE_MS) {}

  /** Fires when the service begins to stop: for what would otherwise stay open as long as somebody listens. */
  get begun(): AbortSignal {
    return this.#begun.signal;
  }

  begin(): void {
    this.#begun.abort();
  }

  /** Whoever comes after everything was closed, as what was still being opened when the start failed, is closed at once. */
  at(stage: ShutdownStage, close: () => Promise<void> | void): void {
    if (this.#over) void closeWithin(this.boundMs, { stage, close }).catch(() => undefined);
    else this.#closers.unshift({ stage, close });
  }

  /** Closes everything once, and goes on when one fails or takes longer than its bound. Returns the failures. */
  async run(): Promise<unknown[]> {
    this.#over = true;
    const failures: unknown[] = [];
    const closers = this.#closers.splice(0);
    for (const stage of STAGES)
      for (const closer of closers.filter((one) => one.stage === stage))
        await closeWithin(this.boundMs, closer).catch((error: unknown) => failures.push(error));
    return failures;
  }
}

async function closeWithin(boundMs: number, { stage, close }: Closer): Promise<void> {
  const closed = (async () => {
    await close();
    return true;
  })();
  if (!(await within(boundMs, closed))) throw new Error(`A part of stage ${stage} is not closed after ${boundMs} ms`);
}
