import { type Fact, type FactFamily, factFamilies, type StreamName, streams, type StreamSpec } from '@muster/contracts';
import { Bell, pauseMs } from './bell.js';
import { queryPrepared } from './database.js';
import { onDatabase } from './failures.js';
import { park, parkedStreams, reasonFor } from './parked.js';
import type { RelayBus, RelayNotice } from './relay-notice.js';
import type { EventStore } from './store.js';
import { COLUMNS, rawFact, type Stored, storedFrom } from './stored.js';

/** So many facts are on their way to the bus at once at most. */
const WINDOW = 512;
/** Nothing tells that a stream was emptied behind our back: its end is looked at so often. */
const LOOK_EVERY_MS = 10_000;
/** Streams that the relay can not publish are parked under this name. */
const PARKED_AS = 'relay';

/** The stream on the bus ends with a fact that the store has never had: it was filled from another history. */
class ForeignHistory extends Error {
  override readonly name = 'ForeignHistory';

  constructor(stream: StreamName, id: string) {
    super(
      `The stream ${stream} on the bus ends with fact ${id}, which is not in this database. ` +
        'Nothing is published to it. If the database is the right one, remove the stream: it is filled again.',
    );
  }
}

export interface PublisherOptions {
  /** All streams that the relay serves. */
  readonly served: readonly StreamName[];
  /** Whether it also parks what belongs to none of them: one of the publishers does. */
  readonly keepsOrphans: boolean;
  readonly pollMs: number;
  readonly onNotice: (notice: RelayNotice) => void;
}

interface Page {
  readonly rows: readonly Stored[];
  /** Nothing of this stream is left up to here. */
  readonly end: number;
}

/** After which fact to go on. */
interface Place {
  position: number;
  lastId: string | undefined;
}

/**
 * Publishes the facts of one stream of the bus in the order of their positions, each after the one before it. Where to go
 * on, the stream itself tells by its last fact: so a stream that was lost, or that lost its end, is filled again, and a
 * fact that arrived although its answer did not is not sent twice.
 */
export class Publisher {
  #place: Place | undefined;
  /** How far the stream was known to be: when it ends before that, it has lost facts. */
  #reached = 0;
  #lookedAt = 0;
  #failures = 0;
  readonly #parked = new Set<string>();
  /** Read while the window before it was on its way. */
  #ahead: { readonly after: number; readonly page: Promise<Page> } | undefined;
  readonly #bell = new Bell();
  readonly prefixes: readonly string[];

  constructor(
    private readonly store: EventStore,
    private readonly bus: RelayBus,
    readonly stream: StreamName,
    private readonly options: PublisherOptions,
  ) {
    this.prefixes = prefixesOf([stream]);
  }

  /** Published up to here, as far as is known; 0 before the first look. */
  get position(): number {
    return this.#place?.position ?? this.#reached;
  }

  /** There is something new to read. */
  wake(): void {
    this.#bell.ring();
  }

  /** Publishes until the signal fires, then finishes the window under way. Never rejects: what fails is tried again. */
  async run(signal: AbortSignal): Promise<void> {
    this.#place = undefined;
    const off = this.bus.onState(() => {
      // A server that comes back may have lost what it had.
      this.#place = undefined;
      this.#bell.ring();
    });
    try {
      while (!signal.aborted) await this.#turn(signal);
    } finally {
      off();
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    try {
      if (this.bus.state === 'down') {
        await this.#bell.heard(this.options.pollMs, signal);
        return;
      }
      const place = await this.#whereToGoOn();
      const published = await this.#publishPage(place);
      this.#failures = 0;
      if (!published) await this.#bell.heard(this.options.pollMs, signal);
    } catch (error) {
      this.#place = undefined;
      this.#failures += 1;
      if (this.#failures === 1) this.options.onNotice({ notice: 'publish-failed', stream: this.stream, error });
      await this.#bell.heard(pauseMs(this.#failures), signal);
    }
  }

  async #whereToGoOn(): Promise<Place> {
    if (this.#place && performance.now() - this.#lookedAt < LOOK_EVERY_MS) return this.#place;
    const { lastId, lastPosition } = await this.bus.tail(this.stream);
    const known = this.#place;
    this.#lookedAt = performance.now();
    if (known && known.lastId === lastId) return known;
    this.#parked.clear();
    for (const stream of await parkedStreams(this.store.database, PARKED_AS)) this.#parked.add(stream);
    const place = lastId === undefined ? await this.#beforeFirstKept() : await this.#after(lastId, lastPosition);
    if (place.position < this.#reached)
      this.options.onNotice({ notice: 'refilling', stream: this.stream, position: place.position });
    this.#reached = place.position;
    this.#place = place;
    return place;
  }

  async #after(lastId: string, lastPosition: number): Promise<Place> {
    const [row] = await this.#query<{ id: string }>('relay-at', 'select id from events where position = $1', [
      lastPosition,
    ]);
    if (row?.id !== lastId) throw new ForeignHistory(this.stream, lastId);
    return { position: lastPosition, lastId };
  }

  /** An empty stream gets every fact that it would still hold: all of them, or those that are not too old for it. */
  async #beforeFirstKept(): Promise<Place> {
    const { keptMs }: StreamSpec = streams[this.stream];
    if (keptMs === undefined) return { position: 0, lastId: undefined };
    const [row] = await this.#query<{ position: string }>(
      'relay-first-kept',
      `select coalesce(min(e.position) - 1, (select r.position from relay r)) as position from events e
       where split_part(e.stream_id, '-', 1) = any($1) and e.at > now() - $2 * interval '1 millisecond'`,
      [this.prefixes, keptMs],
    );
    return { position: Number(row?.position ?? 0), lastId: undefined };
  }

  /** False when there is nothing more to publish for now. The page after it is read while this one is on its way. */
  async #publishPage(place: Place): Promise<boolean> {
    const { rows, end } = await this.#pageAfter(place.position);
    if (end === place.position) return false;
    const facts = await this.#publishable(rows);

    let after = place.lastId;
    const sent = facts.map((fact) => {
      const arrival = this.bus.publishFact(fact, { after });
      after = fact.id;
      return arrival;
    });
    const isFull = rows.length === WINDOW;
    if (isFull) this.#readAhead(end);
    const arrivals = await Promise.allSettled(sent);
    const failed = arrivals.find((arrival) => arrival.status === 'rejected');
    if (failed) throw failed.reason;

    // While the window was on its way the bus may have been lost, and then the place is to be looked up anew.
    if (this.#place === place) this.#place = { position: end, lastId: after };
    this.#reached = Math.max(this.#reached, facts.at(-1)?.position ?? 0);
    return isFull;
  }

  #readAhead(after: number): void {
    const page = this.#read(after);
    // When it fails, it is read again in its turn, and fails there.
    page.catch(() => undefined);
    this.#ahead = { after, page };
  }

  #pageAfter(position: number): Promise<Page> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead?.after === position ? ahead.page : this.#read(position);
  }

  /** The next facts of this stream that have a position, and up to where was looked for them. */
  async #read(after: number): Promise<Page> {
    const [relay] = await this.#query<{ position: string }>('relay-position', 'select position from relay', []);
    const upTo = Number(relay?.position ?? 0);
    if (upTo <= after) return { rows: [], end: after };
    const read = await this.#query<unknown>(
      'relay-page',
      `select ${COLUMNS} from events e
       where e.position > $1 and e.position <= $2
         and (split_part(e.stream_id, '-', 1) = any($3) or ($4 and split_part(e.stream_id, '-', 1) <> all($5)))
       order by e.position limit $6`,
      [after, upTo, this.prefixes, this.options.keepsOrphans, prefixesOf(this.options.served), WINDOW],
    );
    const rows = read.map(storedFrom);
    return { rows, end: rows.length < WINDOW ? upTo : (rows.at(-1)?.position ?? upTo) };
  }

  /** Without the facts of parked streams; one that can not go on the bus parks its stream. */
  async #publishable(rows: readonly Stored[]): Promise<Fact[]> {
    const facts: Fact[] = [];
    for (const row of rows) {
      if (this.#parked.has(row.stream)) continue;
      try {
        if (!this.prefixes.includes(row.stream.split('-', 1)[0] ?? ''))
          throw new Error('No stream of the bus takes it');
        facts.push(rawFact({ ...row, position: row.position ?? 0 }));
      } catch (error) {
        const reason = reasonFor(error);
        await onDatabase(() => park(this.store.database, PARKED_AS, row, reason));
        this.#parked.add(row.stream);
        this.options.onNotice({ notice: 'parked', stream: row.stream, reason });
      }
    }
    return facts;
  }

  #query<T>(name: string, sql: string, values: unknown[]): Promise<T[]> {
    return onDatabase(() => queryPrepared(this.store.database, name, sql, values)) as Promise<T[]>;
  }
}

/** What the names of the event streams begin with that go to these streams of the bus. */
const prefixesOf = (names: readonly StreamName[]): string[] =>
  Object.entries<FactFamily>(factFamilies)
    .filter(([, { stream }]) => names.includes(stream))
    .map(([prefix]) => prefix);
