import { Outage, type StreamName } from '@muster/contracts';
import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  JetStreamApiCodes,
  ReplayPolicy,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { isApiError } from './api-error.js';
import type { Connection } from './connection.js';
import { asOutage } from './publish.js';
import type { Streams } from './streams.js';

/** What the server lets an outsider's consumer do, whatever its client asks for. */
export const OUTSIDER_BOUNDS = {
  /** A fact that is not acknowledged comes again after so long. */
  ackWaitMs: 30_000,
  /** With so many facts unacknowledged none is handed out any more. */
  mostUnacknowledged: 1_000,
  /** Pulls that wait at the same time. */
  mostPulls: 16,
  /** Facts of one pull, and how long it may wait. */
  mostOfPull: 1_000,
  longestPullMs: 60_000,
} as const;

/** Where a consumer begins. `after`: behind the fact with this position; of REQUESTS, which has none, with this number on the bus. */
export type ConsumerStart =
  | { readonly from: 'start' }
  | { readonly from: 'now' }
  | { readonly from: 'since'; readonly at: string }
  | { readonly from: 'after'; readonly position: number };

/** A position that a stream does not have. */
export class NoSuchPosition extends Error {
  override readonly name = 'NoSuchPosition';

  constructor(
    readonly why: 'ahead' | 'too-old',
    /** Of the oldest fact that is kept, or of the newest that there is. */
    readonly edge: number,
  ) {
    super(why === 'ahead' ? `The newest fact is at ${edge}` : `The oldest fact that is kept is at ${edge}`);
  }
}

/** How far an outsider has read a stream by its consumer. */
export interface ReadSoFar {
  readonly stream: StreamName;
  readonly consumer: string;
  /** Facts that it has not been given yet, and those that it was given and did not acknowledge. */
  readonly waiting: number;
  readonly unacknowledged: number;
  /** Facts that were given more than once since they were not acknowledged in time. */
  readonly repeated: number;
  /** Number in the stream up to which everything is acknowledged. */
  readonly acknowledged: number;
  /** When it acknowledged last; undefined when it never did. */
  readonly acknowledgedAt: string | undefined;
}

/**
 * The durable consumers of outsiders, one a stream, each with the name of its user. They pull, so nothing is ever sent to whoever
 * does not ask, and every one of their settings is Muster's.
 */
export class OutsiderConsumers {
  constructor(
    private readonly connection: Connection,
    private readonly streams: Streams,
  ) {}

  /** Those of a stream whose name begins with `prefix`. Throws an Outage. */
  list(stream: StreamName, prefix: string): Promise<ReadSoFar[]> {
    return this.#asked('The consumers of outsiders could not be read', async () => {
      await this.streams.ensure(stream);
      const found: ReadSoFar[] = [];
      for await (const info of this.connection.jsm.consumers.list(stream))
        if (info.name.startsWith(prefix)) found.push(readSoFar(stream, info));
      return found;
    });
  }

  /** Makes one where there is none. One that is there stays where it is. Throws an Outage. */
  ensure(stream: StreamName, name: string, start: ConsumerStart): Promise<void> {
    return this.#asked('A consumer could not be made', async () => {
      await this.streams.ensure(stream);
      const { consumers } = this.connection.jsm;
      try {
        await consumers.info(stream, name);
      } catch (error) {
        if (!isApiError(error, JetStreamApiCodes.ConsumerNotFound)) throw error;
        await consumers.add(stream, await this.#settings(stream, name, start));
      }
    });
  }

  /**
   * Makes one anew that begins at `start`; what it was given before and did not acknowledge counts for nothing. Throws an Outage, or
   * NoSuchPosition, and then the one that was there stays.
   */
  replace(stream: StreamName, name: string, start: ConsumerStart): Promise<void> {
    return this.#asked('A consumer could not be set', async () => {
      await this.streams.ensure(stream);
      const settings = await this.#settings(stream, name, start);
      await this.#remove(stream, name);
      await this.connection.jsm.consumers.add(stream, settings);
    });
  }

  /** Removes one; nothing when it is not there. Throws an Outage. */
  remove(stream: StreamName, name: string): Promise<void> {
    return this.#asked('A consumer could not be removed', () => this.#remove(stream, name));
  }

  async #remove(stream: StreamName, name: string): Promise<void> {
    try {
      await this.connection.jsm.consumers.delete(stream, name);
    } catch (error) {
      if (!isApiError(error, JetStreamApiCodes.ConsumerNotFound, JetStreamApiCodes.StreamNotFound)) throw error;
    }
  }

  async #settings(stream: StreamName, name: string, start: ConsumerStart): Promise<Partial<ConsumerConfig>> {
    const { ackWaitMs, mostUnacknowledged, mostPulls, mostOfPull, longestPullMs } = OUTSIDER_BOUNDS;
    return {
      durable_name: name,
      description: 'Of an outsider; made by Muster',
      ack_policy: AckPolicy.Explicit,
      replay_policy: ReplayPolicy.Instant,
      ack_wait: nanos(ackWaitMs),
      max_ack_pending: mostUnacknowledged,
      max_waiting: mostPulls,
      max_batch: mostOfPull,
      max_expires: nanos(longestPullMs),
      // Handed out until it is acknowledged: a fact that is given up would be dropped in silence.
      max_deliver: -1,
      ...(await this.#begin(stream, start)),
    };
  }

  async #begin(stream: StreamName, start: ConsumerStart): Promise<Partial<ConsumerConfig>> {
    switch (start.from) {
      case 'start':
        return { deliver_policy: DeliverPolicy.All };
      case 'now':
        return { deliver_policy: DeliverPolicy.New };
      case 'since':
        return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: start.at };
      case 'after': {
        const { state } = await this.connection.jsm.streams.info(stream);
        const { first_seq: first, last_seq: last } = state;
        const seq =
          stream === 'REQUESTS'
            ? behindNumber(start.position, first, last)
            : await this.#behindPosition(stream, start.position, first, last);
        return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: seq };
      }
    }
  }

  /** The number of the first fact behind a position, by halving: positions grow along a stream. */
  async #behindPosition(stream: StreamName, position: number, first: number, last: number): Promise<number> {
    if (last < first) return this.#refuseAhead(stream, position, last + 1);
    let [low, high] = [first, last + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const message = await this.connection.jsm.streams.getMessage(stream, { seq: middle });
      const at = Number(message?.header.get('ce-position') ?? 0);
      if (at > position) high = middle;
      else low = middle + 1;
    }
    if (low > last) return this.#refuseAhead(stream, position, low);
    if (low === first && stream === 'HEALTH') {
      const oldest = await this.connection.jsm.streams.getMessage(stream, { seq: first });
      const at = Number(oldest?.header.get('ce-position') ?? 0);
      if (at > position + 1) throw new NoSuchPosition('too-old', at);
    }
    return low;
  }

  /** At the end of a stream: its last position, or the future? FLEET and ACCESS are one store's, and share their count. */
  async #refuseAhead(stream: StreamName, position: number, next: number): Promise<number> {
    const sisters: readonly StreamName[] = stream === 'HEALTH' ? ['HEALTH'] : ['FLEET', 'ACCESS'];
    const ends = await Promise.all(sisters.map((sister) => this.#lastPosition(sister)));
    const newest = Math.max(...ends);
    if (position > newest) throw new NoSuchPosition('ahead', newest);
    return next;
  }

  async #lastPosition(stream: StreamName): Promise<number> {
    const { state } = await this.connection.jsm.streams.info(stream);
    if (state.messages === 0) return 0;
    const last = await this.connection.jsm.streams.getMessage(stream, { seq: state.last_seq });
    return Number(last?.header.get('ce-position') ?? 0);
  }

  async #asked<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      this.connection.needUp();
      return await work();
    } catch (error) {
      if (error instanceof Outage || error instanceof NoSuchPosition) throw error;
      throw asOutage(error, what);
    }
  }
}

function behindNumber(position: number, first: number, last: number): number {
  if (position > last) throw new NoSuchPosition('ahead', last);
  if (position + 1 < first) throw new NoSuchPosition('too-old', first);
  return position + 1;
}

const readSoFar = (stream: StreamName, info: ConsumerInfo): ReadSoFar => ({
  stream,
  consumer: info.name,
  waiting: info.num_pending,
  unacknowledged: info.num_ack_pending,
  repeated: info.num_redelivered,
  acknowledged: info.ack_floor.stream_seq,
  // The client's types say that this is a number; the server sends a time (RFC 3339).
  acknowledgedAt: info.ack_floor.last_active === undefined ? undefined : String(info.ack_floor.last_active),
});
