import {
  lifeOf,
  type Missed,
  Outage,
  type StreamName,
  streams as factStreams,
  structuredEvent,
} from '@muster/contracts';
import {
  AckPolicy,
  DeliverPolicy,
  type JsMsg,
  ReplayPolicy,
  type StoredMsg,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { Connection } from './connection.js';
import { FactRing } from './fact-ring.js';
import { Follower } from './follow.js';
import { Gate } from './gate.js';
import { asOutage } from './publish.js';
import type { Streams } from './streams.js';

/** A fact as it is given on to the outside: not parsed by its family, so that a newer one goes through as well. */
export interface LoggedFact {
  readonly stream: StreamName;
  /** Its number in this making of the stream. */
  readonly sequence: number;
  /** Its position in its store; of REQUESTS, which has none, the same as `sequence`. */
  readonly at: number;
  readonly subject: string;
  readonly id: string;
  /** As `NodeRenamed`. */
  readonly type: string;
  /** The aggregate that it is about: a node's id, an account's, a request's. */
  readonly about: string;
  readonly time: string;
  /** The CloudEvent in structured mode. */
  readonly json: string;
}

/** Where a reader stands in one stream. */
export interface Cursor {
  readonly stream: StreamName;
  /** The making of the stream that `sequence` counts in. */
  readonly life: string;
  /** The last message that was read, or passed over. */
  readonly sequence: number;
  /** What was read of the store: facts up to this position are not given again. */
  readonly at: number;
}

/** Thrown for a position beyond the newest fact: nobody gave it out, or it is another installation's. */
export class PositionAhead extends Error {
  override readonly name = 'PositionAhead';

  constructor(
    readonly stream: StreamName,
    readonly newest: number,
  ) {
    super(`The newest fact of ${stream} is at ${newest}`);
  }
}

interface Followed {
  readonly ring: FactRing;
  readonly follower: Follower;
  readers: number;
  lingering: NodeJS.Timeout | undefined;
}

/** So many readers fetch older facts from the server at once; the others wait for their turn. */
const FETCHING_AT_ONCE = 8;
/** Beyond so many that wait the next one is told that the bus has too much to do. */
const MOST_WAITING = 2_000;
const FETCH_WITHIN_MS = 5_000;
/** The bound of what one fetch brings into memory. */
const FETCH_BYTES = 4 * 1024 * 1024;
/** A stream that was made anew and is still being filled takes a fact at least so often. */
const FILLING_MS = 10_000;
/** How long a stream that nobody reads any more is still followed. */
const LINGER_MS = 30_000;

/**
 * The streams of facts for many readers at once. Whoever is at the end of a stream is served from memory: one consumer of the
 * server for each stream, however many read it. Whoever is further back fetches from the server, a few at a time.
 */
export class FactLog {
  readonly #rings = new Map<StreamName, Followed>();
  /** The newest message of each stream that was heard of, in which making of it. */
  readonly #newest = new Map<StreamName, { life: string; sequence: number }>();
  readonly #fetching = new Gate(FETCHING_AT_ONCE, MOST_WAITING);
  #closed = false;

  constructor(
    private readonly connection: Connection,
    private readonly streams: Streams,
  ) {}

  /** Follows a stream as long as somebody reads it; returns what ends it. */
  follow(stream: StreamName): () => void {
    const followed = this.#rings.get(stream) ?? this.#begin(stream);
    followed.readers += 1;
    clearTimeout(followed.lingering);
    return () => {
      followed.readers -= 1;
      if (followed.readers > 0) return;
      followed.lingering = setTimeout(() => {
        this.#rings.delete(stream);
        void followed.follower.stop();
      }, LINGER_MS).unref();
    };
  }

  /** Resolves when one of the streams may have more than these cursors say, when `ms` are over, or when the signal fires. */
  async grown(cursors: readonly Cursor[], ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const offs: (() => void)[] = [];
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        for (const off of offs) off();
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
      for (const cursor of cursors) {
        const ring = this.#rings.get(cursor.stream)?.ring;
        if (ring?.hasMore(cursor)) return done();
        if (ring) offs.push(ring.onGrown(done));
      }
    });
  }

  /** How many messages there are after a cursor, as far as was heard; undefined in another making of the stream. */
  waitingAfter({ stream, life, sequence }: Cursor): number | undefined {
    const newest = this.#newest.get(stream);
    return newest?.life === life ? Math.max(0, newest.sequence - sequence) : undefined;
  }

  /** Behind the newest fact. Throws an Outage. */
  async end(stream: StreamName): Promise<Cursor> {
    const info = await this.#info(stream);
    const { last_seq: sequence } = info.state;
    const last = info.state.messages === 0 ? undefined : await this.#at(stream, sequence);
    return { stream, life: lifeOf(info.created), sequence, at: stream === 'REQUESTS' ? sequence : (last?.at ?? 0) };
  }

  /** Before the oldest fact that is kept. Throws an Outage. */
  async start(stream: StreamName): Promise<Cursor> {
    const info = await this.#info(stream);
    const { first_seq: first, messages, last_seq: last } = info.state;
    const sequence = messages === 0 ? last : first - 1;
    const oldest = messages === 0 || stream === 'REQUESTS' ? undefined : await this.#oldest(stream, first, last);
    return {
      stream,
      life: lifeOf(info.created),
      sequence,
      at: stream === 'REQUESTS' ? sequence : (oldest?.at ?? 1) - 1,
    };
  }

  /**
   * Behind the fact at this position. With `missed` when facts between it and the oldest kept one are gone: then the cursor is
   * before that one. Throws PositionAhead, and an Outage, also while a stream that was lost is being filled again.
   */
  async seek(
    stream: StreamName,
    { at, life }: { at: number; life?: string },
  ): Promise<{ cursor: Cursor; missed?: Missed }> {
    const info = await this.#info(stream);
    const { messages, first_seq: first, last_seq: last } = info.state;
    const here = lifeOf(info.created);
    const behind = (sequence: number): { cursor: Cursor } => ({ cursor: { stream, life: here, sequence, at } });
    if (stream === 'REQUESTS') {
      if (life !== here) return { cursor: await this.start(stream), missed: { stream, why: 'made-anew' } };
      if (at > last) throw new PositionAhead(stream, last);
      if (messages === 0 || at >= first - 1) return behind(at);
      return { cursor: await this.start(stream), missed: { stream, why: 'too-old', facts: first - 1 - at } };
    }
    if (messages === 0) {
      if (at === 0 || last > 0) return { cursor: { stream, life: here, sequence: last, at: 0 } };
      if (isYoung(info)) throw new Outage('bus', `${stream} is being filled again`);
      throw new PositionAhead(stream, 0);
    }
    const newest = await this.#at(stream, last);
    if (at > (newest?.at ?? 0)) {
      if (newest === undefined || isFilling(info, newest)) throw new Outage('bus', `${stream} is being filled again`);
      throw new PositionAhead(stream, newest.at);
    }
    if (at === newest?.at) return behind(last);
    const oldest = await this.#oldest(stream, first, last);
    if (oldest === undefined) throw new Outage('bus', `${stream} could not be read`);
    if (at < oldest.at) {
      // A stream that is kept for ever has lost nothing: the positions before its first fact are those of the store's other stream.
      const facts = factStreams[stream].keptMs === undefined ? 0 : oldest.at - 1 - at;
      const before = { stream, life: here, sequence: oldest.sequence - 1, at: oldest.at - 1 };
      return facts === 0 ? behind(before.sequence) : { cursor: before, missed: { stream, why: 'too-old', facts } };
    }
    return behind(await this.#search(stream, oldest.sequence, last, at));
  }

  /**
   * The facts after a cursor, at most so many, and where it stands then; none when it is at the end. `missed` when facts between
   * grew too old meanwhile, or the stream is another one. Throws an Outage.
   */
  async read(cursor: Cursor, most: number): Promise<{ facts: LoggedFact[]; cursor: Cursor; missed?: Missed }> {
    const ring = this.#rings.get(cursor.stream)?.ring;
    if (ring?.covers(cursor)) {
      const { facts, sequence } = ring.after(cursor, most);
      return { facts, cursor: moved(cursor, facts, sequence) };
    }
    return new Promise((resolve, reject) => {
      const fetch = () => this.#fetch(cursor, most).then(resolve, reject);
      if (!this.#fetching.enter(fetch)) reject(new Outage('bus', 'Too many readers want older facts at once'));
    });
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.#closed = true;
    const followed = [...this.#rings.values()];
    this.#rings.clear();
    for (const { lingering } of followed) clearTimeout(lingering);
    await Promise.all(followed.map(({ follower }) => follower.stop()));
  }

  #begin(stream: StreamName): Followed {
    if (this.#closed) throw new Outage('bus', 'The log of facts is closed');
    const ring = new FactRing();
    let life = '';
    const follower = new Follower(this.connection, this.streams, {
      stream,
      filter: factStreams[stream].subjects[0],
      from: 'end',
      opened: (anew, { created, after }) => {
        life = lifeOf(created);
        this.#heardOf(stream, life, after);
        ring.opened(life, after, anew);
      },
      message: (message) => {
        this.#heardOf(stream, life, message.info.streamSequence);
        ring.add(message.info.streamSequence, this.#readable(stream, message));
      },
    });
    const followed: Followed = { ring, follower, readers: 0, lingering: undefined };
    this.#rings.set(stream, followed);
    return followed;
  }

  async #fetch(cursor: Cursor, most: number): Promise<{ facts: LoggedFact[]; cursor: Cursor; missed?: Missed }> {
    const { stream, life, sequence, at } = cursor;
    const info = await this.#info(stream);
    if (lifeOf(info.created) !== life) return { facts: [], ...(await this.#seekAgain(cursor)) };
    const { first_seq: first, last_seq: last, messages } = info.state;
    if (sequence >= last) return { facts: [], cursor };
    const facts: LoggedFact[] = [];
    let reached = messages === 0 ? last : sequence;
    for (const message of messages === 0 ? [] : await this.#messages(stream, sequence + 1, most)) {
      reached = message.info.streamSequence;
      const fact = this.#readable(stream, message);
      if (fact !== undefined && fact.at > at) facts.push(fact);
    }
    const lost = messages === 0 ? last - sequence : Math.max(0, first - 1 - sequence);
    const missed: Missed | undefined = lost === 0 ? undefined : { stream, why: 'too-old', facts: lost };
    return { facts, cursor: moved(cursor, facts, reached), ...(missed && { missed }) };
  }

  /** The same place in a stream that was made anew. While it is being filled again, its end: what was read before comes and is passed over. */
  async #seekAgain({ stream, at, life }: Cursor): Promise<{ cursor: Cursor; missed?: Missed }> {
    try {
      return await this.seek(stream, { at, life });
    } catch (error) {
      if (!(error instanceof PositionAhead) && !(error instanceof Outage)) throw error;
      const end = await this.end(stream);
      return { cursor: { ...end, at } };
    }
  }

  async #messages(stream: StreamName, from: number, most: number): Promise<JsMsg[]> {
    try {
      const { jsm, js } = this.connection;
      const info = await jsm.consumers.add(stream, {
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: from,
        ack_policy: AckPolicy.None,
        replay_policy: ReplayPolicy.Instant,
        mem_storage: true,
        num_replicas: 1,
        inactive_threshold: nanos(2 * FETCH_WITHIN_MS),
      });
      const consumer = js.consumers.getConsumerFromInfo(info);
      try {
        const messages: JsMsg[] = [];
        const wanted = Math.min(most, info.num_pending);
        let bytes = 0;
        if (wanted === 0) return messages;
        const fetched = await consumer.fetch({ max_messages: wanted, expires: FETCH_WITHIN_MS });
        for await (const message of fetched) {
          if (message.info.deliverySequence !== messages.length + 1) throw new Error('A message was lost on the way');
          messages.push(message);
          bytes += message.data.length;
          if (messages.length === wanted || bytes >= FETCH_BYTES) break;
        }
        return messages;
      } finally {
        await consumer.delete().catch(() => false);
      }
    } catch (error) {
      throw asOutage(error, `${stream} could not be read`);
    }
  }

  /** The number of the last message whose fact is at this position or before it; `low` is known to be one of those. */
  async #search(stream: StreamName, low: number, high: number, at: number): Promise<number> {
    let [known, beyond] = [low, high];
    while (beyond - known > 1) {
      const middle = known + Math.floor((beyond - known) / 2);
      const found = await this.#at(stream, middle);
      // It grew too old while we looked: everything before it has, too.
      if (found === undefined || found.at <= at) known = middle;
      else beyond = middle;
    }
    return known;
  }

  /** The oldest fact: the first may grow too old while one looks. */
  async #oldest(
    stream: StreamName,
    first: number,
    last: number,
  ): Promise<{ at: number; sequence: number } | undefined> {
    for (let sequence = first; sequence <= Math.min(last, first + 100); sequence += 1) {
      const found = await this.#at(stream, sequence);
      if (found !== undefined) return { ...found, sequence };
    }
    return undefined;
  }

  /** The position of the fact with this number, and when it was recorded; undefined when it is not there any more. */
  async #at(stream: StreamName, sequence: number): Promise<{ at: number; time: string } | undefined> {
    let message: StoredMsg | null;
    try {
      message = await this.connection.jsm.streams.getMessage(stream, { seq: sequence });
    } catch (error) {
      throw asOutage(error, `${stream} could not be read`);
    }
    return message === null ? undefined : { at: positionIn(message.header), time: message.header.get('ce-time') };
  }

  async #info(stream: StreamName): Promise<StreamInfo> {
    try {
      this.connection.needUp();
      const info = await this.streams.ensure(stream);
      this.#heardOf(stream, lifeOf(info.created), info.state.last_seq);
      return info;
    } catch (error) {
      throw asOutage(error, `${stream} could not be read`);
    }
  }

  #heardOf(stream: StreamName, life: string, sequence: number): void {
    const newest = this.#newest.get(stream);
    if (newest?.life !== life || newest.sequence < sequence) this.#newest.set(stream, { life, sequence });
  }

  #readable(stream: StreamName, message: JsMsg): LoggedFact | undefined {
    try {
      return loggedFact(stream, message);
    } catch (error) {
      this.connection.notify({ notice: 'malformed', subject: message.subject, error });
      return undefined;
    }
  }
}

/** Reads a message as a fact. Throws when it is none. */
function loggedFact(stream: StreamName, message: JsMsg): LoggedFact {
  const headers = [...(message.headers ?? [])].map(([name, values]) => [name.toLowerCase(), values[0] ?? ''] as const);
  const event = structuredEvent(headers, message.json());
  const sequence = message.info.streamSequence;
  const at = stream === 'REQUESTS' ? sequence : Number(event['position']);
  if (!Number.isSafeInteger(at) || at < 1) throw new Error('The fact has no position');
  const { id, facttype: type, subject: about, time } = event;
  return { stream, sequence, at, subject: message.subject, id, type, about, time, json: JSON.stringify(event) };
}

const positionIn = (headers: { get(name: string): string }): number => Number(headers.get('ce-position'));

const moved = (cursor: Cursor, facts: readonly LoggedFact[], sequence: number): Cursor => {
  const at = cursor.stream === 'REQUESTS' ? sequence : Math.max(cursor.at, facts.at(-1)?.at ?? 0);
  return { ...cursor, sequence, at };
};

const nowOf = ({ ts }: StreamInfo): number => (ts === undefined ? Date.now() : Date.parse(String(ts)));

/** Made within the last minute: whoever fills it may not have begun. */
const isYoung = (info: StreamInfo): boolean => nowOf(info) - Date.parse(info.created) < 60_000;

/** The stream was made anew and old facts are still coming in. */
const isFilling = (info: StreamInfo, newest: { time: string }): boolean =>
  Date.parse(newest.time) < Date.parse(info.created) && nowOf(info) - Date.parse(info.state.last_ts) < FILLING_MS;
