import { type Missed, type Position, Refusal, showPosition, type StreamName } from '@muster/contracts';
import { type Cursor, type FactLog, type LoggedFact, PositionAhead } from './fact-log.js';

/** A fact, and the position that says it and everything before it in the streams of its reader was read. */
export interface ReadFact extends LoggedFact {
  readonly position: string;
}

/** From where: what comes from now on, the oldest that is kept, or a position with a part for each stream that is read. */
export type WantedFrom = 'now' | 'start' | Position;

interface Lane {
  cursor: Cursor;
  /** Read and not given yet. */
  waiting: LoggedFact[];
  /** Where the stream was read to; `cursor` is where it was given to. */
  ahead: Cursor;
}

/** What is read of a stream at once. */
const PAGE = 500;

/**
 * One reader of some streams, who keeps nothing on the server. Each stream comes in its own order, nothing left out and nothing
 * twice. Among streams older facts come by the time at which they were recorded, new ones as they arrive; nothing is promised there.
 */
export class FactReader {
  readonly #lanes: Lane[] = [];
  readonly #ends: (() => void)[] = [];
  #missed: Missed[] = [];

  private constructor(private readonly log: FactLog) {}

  /**
   * Opens a reader; close it. Throws the Refusals `bad-input` when the position says nothing about one of the streams and
   * `position-ahead` when it is beyond the newest fact, and an Outage.
   */
  static async open(log: FactLog, streams: readonly StreamName[], from: WantedFrom): Promise<FactReader> {
    const reader = new FactReader(log);
    try {
      for (const stream of streams) await reader.#add(stream, from);
    } catch (error) {
      reader.close();
      throw error;
    }
    return reader;
  }

  /** Where it is: everything up to here was given. */
  get position(): string {
    return showPosition(
      Object.fromEntries(
        this.#lanes.map(({ cursor: { stream, at, life } }) => [stream, { at, ...(stream === 'REQUESTS' && { life }) }]),
      ) as Position,
    );
  }

  /** How many facts were not given yet, as far as is known; undefined while it is not. */
  get waiting(): number | undefined {
    let all = 0;
    for (const { cursor } of this.#lanes) {
      const ofStream = this.log.waitingAfter(cursor);
      if (ofStream === undefined) return undefined;
      all += ofStream;
    }
    return all;
  }

  /** What could not be given since the last call, because it is not kept any more. */
  takeMissed(): Missed[] {
    const missed = this.#missed;
    this.#missed = [];
    return missed;
  }

  /** The next facts, at most so many; none when there are none yet, or when something was missed. Throws an Outage. */
  async next(most: number): Promise<ReadFact[]> {
    const given: ReadFact[] = [];
    await Promise.all(this.#lanes.map((lane) => this.#fill(lane)));
    while (given.length < most && this.#missed.length === 0) {
      const lane = oldestOf(this.#lanes);
      const fact = lane?.waiting.shift();
      if (lane === undefined || fact === undefined) break;
      lane.cursor = { ...lane.ahead, sequence: fact.sequence, at: fact.at };
      given.push({ ...fact, position: this.position });
      if (lane.waiting.length > 0) continue;
      lane.cursor = lane.ahead;
      try {
        await this.#fill(lane);
      } catch {
        // What was read is given; the next call meets the same outage.
        break;
      }
    }
    return given;
  }

  /** Resolves when there may be more, when `ms` are over, or when the signal fires. */
  async grown(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#missed.length > 0 || this.#lanes.some(({ waiting }) => waiting.length > 0)) return;
    await this.log.grown(
      this.#lanes.map(({ ahead }) => ahead),
      ms,
      signal,
    );
  }

  close(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  async #add(stream: StreamName, from: WantedFrom): Promise<void> {
    this.#ends.push(this.log.follow(stream));
    const cursor = await this.#begin(stream, from);
    this.#lanes.push({ cursor, ahead: cursor, waiting: [] });
  }

  async #begin(stream: StreamName, from: WantedFrom): Promise<Cursor> {
    if (from === 'now') return this.log.end(stream);
    if (from === 'start') return this.log.start(stream);
    const mark = from[stream];
    if (mark === undefined)
      throw new Refusal('bad-input', { field: 'after', words: `The position says nothing about ${stream}` });
    try {
      const { cursor, missed } = await this.log.seek(stream, mark);
      if (missed) this.#missed.push(missed);
      return cursor;
    } catch (error) {
      if (!(error instanceof PositionAhead)) throw error;
      const words = `The position is in the future: the newest fact of ${stream} is at ${error.newest}`;
      throw new Refusal('position-ahead', { field: 'after', words });
    }
  }

  async #fill(lane: Lane): Promise<void> {
    if (lane.waiting.length > 0) return;
    const { facts, cursor, missed } = await this.log.read(lane.ahead, PAGE);
    lane.waiting = facts;
    lane.ahead = cursor;
    if (facts.length === 0) lane.cursor = cursor;
    if (missed) this.#missed.push(missed);
  }
}

const oldestOf = (lanes: readonly Lane[]): Lane | undefined =>
  lanes.reduce<Lane | undefined>((oldest, lane) => {
    const [fact] = lane.waiting;
    const [before] = oldest?.waiting ?? [];
    return fact !== undefined && (before === undefined || fact.time < before.time) ? lane : oldest;
  }, undefined);
