import { type RequestEvent, type RequestMessage, toRequestMessage } from '@muster/contracts';

/** The way to the bus. */
export interface Way {
  readonly pending: number;
  send(message: RequestMessage, told: (stored: boolean) => void): void;
}

/** Where facts wait while there is no way. */
export interface Keep {
  readonly facts: number;
  append(events: readonly RequestEvent[]): number;
  oldest(): { readonly events: readonly RequestEvent[]; remove(): void } | undefined;
}

export interface TellerOptions {
  readonly way: Way;
  readonly keep: Keep;
  readonly isUp: () => boolean;
  /** So many facts more can not be kept, or the disk refuses: they will never be told. */
  readonly onLost: (facts: number, error: unknown) => void;
}

/** On their way at once; more than that waits on disk. */
const MOST_ON_THE_WAY = 4_096;
/** Facts are sent together, so many times a second: one write to the bus for each of them would cost more than a request. */
const SEND_EVERY_MS = 10;
/** Facts that are to be written to disk are written together. */
const WRITE_EVERY_MS = 50;
const MOST_UNWRITTEN = 2_000;

/**
 * Sees to it that every fact is told: at once while the bus is there, from disk when it is back. A fact that was sent and
 * not acknowledged is sent again under the same id, so it takes effect once. What can not be kept, since the disk is full
 * or the spool's bound is reached, is counted and said.
 */
export class Teller {
  lost = 0;
  #unsent: RequestEvent[] = [];
  #sending: NodeJS.Timeout | undefined;
  #unwritten: RequestEvent[] = [];
  /** Facts wait on disk, or are about to: later ones join them, so that none overtakes by hours. */
  #away = false;
  #draining = false;
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly options: TellerOptions) {
    this.#away = options.keep.facts > 0;
    this.#timer = setInterval(() => this.#turn(), WRITE_EVERY_MS).unref();
  }

  /** Facts that are not told yet. */
  get waiting(): number {
    return this.#unsent.length + this.options.way.pending + this.#unwritten.length + this.options.keep.facts;
  }

  /** Those of them that are on disk. */
  get onDisk(): number {
    return this.options.keep.facts;
  }

  tell(event: RequestEvent): void {
    if (this.#away) return this.#put(event);
    this.#unsent.push(event);
    this.#sending ??= setTimeout(() => this.#sendAll(), SEND_EVERY_MS);
  }

  /** Resolves when every fact is told or safely on disk, after `withinMs` at the latest. */
  async settle(withinMs: number): Promise<void> {
    const until = performance.now() + withinMs;
    this.#sendAll();
    while (this.options.isUp() && this.waiting > 0 && performance.now() < until) {
      this.#turn();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.#write();
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const event of this.#takeUnsent()) this.#put(event);
    this.#write();
  }

  #sendAll(): void {
    const { way, isUp } = this.options;
    for (const event of this.#takeUnsent()) {
      if (this.#away || !isUp() || way.pending >= MOST_ON_THE_WAY) this.#put(event);
      else
        this.#send(event, (stored) => {
          if (!stored) this.#put(event);
        });
    }
  }

  #takeUnsent(): RequestEvent[] {
    clearTimeout(this.#sending);
    this.#sending = undefined;
    const unsent = this.#unsent;
    this.#unsent = [];
    return unsent;
  }

  #send(event: RequestEvent, told: (stored: boolean) => void): void {
    this.options.way.send(toRequestMessage(event), told);
  }

  #put(event: RequestEvent): void {
    this.#away = true;
    this.#unwritten.push(event);
    if (this.#unwritten.length >= MOST_UNWRITTEN) this.#write();
  }

  #write(): void {
    if (this.#unwritten.length === 0) return;
    const events = this.#unwritten;
    this.#unwritten = [];
    let taken = 0;
    let problem: unknown;
    try {
      taken = this.options.keep.append(events);
    } catch (error) {
      problem = error;
    }
    if (taken < events.length) {
      this.lost += events.length - taken;
      this.options.onLost(events.length - taken, problem);
    }
  }

  #turn(): void {
    this.#write();
    if (this.#away && !this.#draining && this.options.isUp()) void this.#drain();
  }

  /** Tells what is on disk, file by file; a file goes when all of it is told. */
  async #drain(): Promise<void> {
    this.#draining = true;
    try {
      for (let file = this.options.keep.oldest(); file !== undefined; file = this.options.keep.oldest()) {
        if (!(await this.#tellAll(file.events))) return;
        file.remove();
      }
      this.#away = this.#unwritten.length > 0;
    } finally {
      this.#draining = false;
    }
  }

  async #tellAll(events: readonly RequestEvent[]): Promise<boolean> {
    for (let from = 0; from < events.length; from += MOST_ON_THE_WAY) {
      const part = events.slice(from, from + MOST_ON_THE_WAY);
      const stored = await Promise.all(
        part.map((event) => new Promise<boolean>((resolve) => this.#send(event, resolve))),
      );
      if (stored.includes(false)) return false;
    }
    return true;
  }
}
