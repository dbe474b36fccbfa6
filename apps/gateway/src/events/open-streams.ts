import { type HttpReader, Refusal } from '@muster/contracts';

/** Streams of facts that are open at once: SSE, and calls that wait for facts. */
export const MOST_OPEN = { inAll: 1_000, perReader: 20 } as const;

/** Whose stream it is: one session, API key or integration. */
export interface Reader {
  readonly kind: 'session' | 'key' | 'integration';
  readonly id: string;
  /** As people know it. */
  readonly name: string;
  /** Whether it may still read what it reads. */
  holds(): boolean | Promise<boolean>;
}

interface Open {
  readonly reader: Reader;
  readonly over: AbortController;
  /** How far it has read; undefined until it begins. */
  place: (() => HttpReader) | undefined;
}

/** Which streams are open, within bounds, and closes those whose reader may not read any more. */
export class OpenStreams {
  readonly #open = new Set<Open>();
  readonly #refused = new Map<string, number>();

  /** `onRefused` is told who was turned away, and how often in all. */
  constructor(private readonly onRefused: (reader: Reader, times: number) => void) {}

  /** How many are open: in all, or those of one reader. */
  count(id?: string): number {
    if (id === undefined) return this.#open.size;
    return [...this.#open].filter(({ reader }) => reader.id === id).length;
  }

  /** How far those of one reader have read: those that have begun, oldest first. */
  of(id: string): HttpReader[] {
    return [...this.#open].flatMap(({ reader, place }) => (reader.id === id && place ? [place()] : []));
  }

  /** Lets one in; `signal` fires when it must end, `begins` has it tell how far it is. Throws the Refusal `too-many-streams`. */
  enter(reader: Reader): { readonly signal: AbortSignal; begins(place: () => HttpReader): void; leave(): void } {
    const ofReader = this.count(reader.id);
    if (ofReader >= MOST_OPEN.perReader || this.#open.size >= MOST_OPEN.inAll) {
      const times = (this.#refused.get(reader.id) ?? 0) + 1;
      this.#refused.set(reader.id, times);
      this.onRefused(reader, times);
      const words =
        ofReader >= MOST_OPEN.perReader
          ? `You have ${ofReader} streams of facts open, which is the most.`
          : `${this.#open.size} streams of facts are open, which is the most.`;
      throw new Refusal('too-many-streams', { words, retryAfterMs: 5_000 });
    }
    const open: Open = { reader, over: new AbortController(), place: undefined };
    this.#open.add(open);
    return {
      signal: open.over.signal,
      begins: (place) => {
        open.place = place;
      },
      leave: () => {
        this.#open.delete(open);
        if (this.count(reader.id) === 0) this.#refused.delete(reader.id);
      },
    };
  }

  /** Looks again at those of one kind, or at all, and ends those that may not be open any more. */
  async check(kind?: Reader['kind']): Promise<void> {
    const looked = [...this.#open].filter(({ reader }) => kind === undefined || reader.kind === kind);
    await Promise.all(
      looked.map(async ({ reader, over }) => {
        // Where nobody can tell, what was true last counts; the next look may know more.
        const holds = await Promise.resolve(reader.holds()).catch(() => true);
        if (!holds) over.abort('access');
      }),
    );
  }

  /** Ends all. */
  endAll(): void {
    for (const { over } of this.#open) over.abort('stopping');
  }
}
