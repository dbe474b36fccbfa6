import {
  MOST_RAW_CHARACTERS,
  type ParkedList,
  type ParkedStream,
  type Retried as RetriedReply,
  type StoreService,
  type StoreState,
} from '@muster/contracts';
import type { DataSource } from 'typeorm';
import { countParked, listParked, type Parked } from './parked.js';
import type { Relay } from './relay.js';
import type { Retried } from './retry-parked.js';

/** An answer of the bus has room for so much. */
const MOST_LIST_BYTES = 384 * 1024;

/** What a service tells of its store, and does about what waits there, for whoever looks after the Gateway. */
export class StoreDesk {
  constructor(
    private readonly service: StoreService,
    private readonly database: DataSource,
    private readonly relay: Pick<Relay, 'lag'>,
    /** What tries a stream again, by the name of the projection. */
    private readonly retries: Readonly<Record<string, (stream: string) => Promise<Retried>>> = {},
  ) {}

  /** Throws an Outage. */
  async state(): Promise<StoreState> {
    const [{ events, seconds, heldBy }, parked] = await Promise.all([this.relay.lag(), countParked(this.database)]);
    return { parked, waiting: { events, seconds }, ...(heldBy ? { heldBy } : {}) };
  }

  /** As much of what waits as fits into one answer. Throws an Outage. */
  async list(): Promise<ParkedList> {
    const [all, store] = await Promise.all([listParked(this.database), this.state()]);
    const parked: ParkedStream[] = [];
    let bytes = 0;
    for (const one of all) {
      const view = this.#viewOf(one);
      bytes += Buffer.byteLength(JSON.stringify(view));
      if (parked.length > 0 && bytes > MOST_LIST_BYTES) break;
      parked.push(view);
    }
    return { parked, more: parked.length < all.length, store };
  }

  /** Throws an Outage. A projection that nobody here knows has nothing parked. */
  async retry(projection: string, stream: string): Promise<RetriedReply> {
    const retry = Object.hasOwn(this.retries, projection) ? this.retries[projection] : undefined;
    return (await retry?.(stream)) ?? { outcome: 'not-parked' };
  }

  #viewOf({ fact: { type, ...rest }, ...parked }: Parked): ParkedStream {
    const text = JSON.stringify({ type, ...rest }, undefined, 2);
    const raw = text.length <= MOST_RAW_CHARACTERS ? text : `${text.slice(0, MOST_RAW_CHARACTERS)}\n… cut`;
    return { ...parked, service: this.service, type, raw, retry: Object.hasOwn(this.retries, parked.projection) };
  }
}
