import type { Numbered } from '@muster/contracts';

/** What a room shows, for as long as somebody is in it. */
export interface Source<Snapshot> {
  /** Resolves when there is something to show. Rejects with an Outage or a Refusal when there cannot be. */
  readonly ready: Promise<void>;
  snapshot(): Snapshot;
  close(): void;
}

/** How a source speaks to the members of its room. */
export interface Say<Change> {
  change(change: Change): void;
  /** The thread is lost: everybody has to come in anew, and finds another epoch. */
  lost(): void;
}

export interface Entered<Snapshot> extends Numbered {
  readonly snapshot: Snapshot;
}

/** One room while it is open: numbers what is said in it, under an epoch of its own. */
export class Room<Snapshot, Change extends object> {
  readonly #source: Source<Snapshot>;
  #seq = 0;
  #open = true;
  /** How many are on their way in. */
  waiting = 0;

  constructor(
    private readonly epoch: string,
    open: (say: Say<Change>) => Source<Snapshot>,
    send: (change: Numbered & Change) => void,
    lost: () => void,
  ) {
    this.#source = open({
      change: (change) => {
        if (!this.#open) return;
        this.#seq += 1;
        send({ epoch, seq: this.#seq, ...change });
      },
      lost: () => {
        if (this.#open) lost();
      },
    });
    // Whoever waits sees it; when nobody does any more, it is no failure of anything.
    this.#source.ready.catch(() => undefined);
  }

  get ready(): Promise<void> {
    return this.#source.ready;
  }

  /** What all changes up to `seq` have led to: the next change that is said has the number after it. */
  entered(): Entered<Snapshot> {
    return { epoch: this.epoch, seq: this.#seq, snapshot: this.#source.snapshot() };
  }

  close(): void {
    this.#open = false;
    this.#source.close();
  }
}
