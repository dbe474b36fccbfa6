import { type BucketName } from '@muster/contracts';
import { type KV, Kvm } from '@nats-io/kv';
import type * as z from 'zod/mini';
import type { Connection } from './connection.js';
import { Follower } from './follow.js';
import { Keeper } from './keeper.js';
import type { Stoppable } from './notice.js';
import { asOutage } from './publish.js';
import { bucketStream, type Streams } from './streams.js';

/** A change of one key, after the snapshot or as a part of it. */
export type Change<T> =
  | { readonly change: 'put'; readonly key: string; readonly value: T }
  | { readonly change: 'deleted'; readonly key: string };

export interface Watching extends Stoppable {
  /** Resolves when every value that was there at first has been handled. */
  readonly ready: Promise<void>;
}

/** After a bucket was lost its writers put their values anew; a key that stays away for so long is deleted. */
export const LOST_KEY_GRACE_MS = 10_000;

/** A bucket of small values, one a key, each parsed as it is read. */
export class Bucket<Schema extends z.ZodMiniType> {
  readonly #kv: Promise<KV>;

  constructor(
    private readonly connection: Connection,
    private readonly streams: Streams,
    private readonly name: BucketName,
    private readonly schema: Schema,
  ) {
    // Binding asks the server nothing; streams and buckets are made by `Streams`, with settings in so many words.
    this.#kv = new Kvm(connection.js).open(name, { allow_direct: true });
  }

  /** The value of a key; undefined when there is none, or none that can be read. Throws an Outage. */
  async get(key: string): Promise<z.output<Schema> | undefined> {
    const entry = await this.#do(`${key} could not be read`, async (kv) => kv.get(key));
    if (entry === null || entry.operation !== 'PUT') return undefined;
    return this.#parse(key, () => entry.json());
  }

  /** Throws an Outage when the value was not taken. For a value that must be there, whatever happens, see `keep`. */
  async put(key: string, value: z.input<Schema>): Promise<void> {
    await this.#do(`${key} could not be put`, (kv) => kv.put(key, JSON.stringify(value)));
  }

  async delete(key: string): Promise<void> {
    await this.#do(`${key} could not be deleted`, (kv) => kv.purge(key));
  }

  /** A writer that sees to it that the bucket holds what it was last told, over outages and a lost store. */
  keep(): Keeper<z.input<Schema>> {
    return new Keeper(this, this.connection, (handler) =>
      this.streams.onLost((stream) => {
        if (stream === bucketStream(this.name)) handler();
      }),
    );
  }

  /**
   * Gives every value that is there to `handler`, then every change, one at a time. It heals by itself: after an
   * outage only what changed meanwhile comes, deletions included.
   */
  watch(handler: (change: Change<z.output<Schema>>) => Promise<void> | void): Watching {
    const known = new Map<string, number>();
    let snapshot = new Set<string>();
    let grace: NodeJS.Timeout | undefined;
    let tellReady: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => (tellReady = resolve));
    const prefix = `$KV.${this.name}.`;
    const tell = async (change: Change<z.output<Schema>>) => {
      try {
        await handler(change);
      } catch (error) {
        this.connection.notify({ notice: 'handler-failed', subject: `${prefix}${change.key}`, error });
      }
    };
    const prune = () => {
      for (const key of [...known.keys()].filter((each) => !snapshot.has(each))) {
        known.delete(key);
        void tell({ change: 'deleted', key });
      }
    };
    let lost = false;
    const follower = new Follower(this.connection, this.streams, {
      stream: bucketStream(this.name),
      filter: `${prefix}>`,
      from: 'last-per-subject',
      opened: (anew) => {
        snapshot = new Set();
        clearTimeout(grace);
        if (!anew) return;
        lost = true;
        for (const key of known.keys()) known.set(key, 0);
      },
      message: async (message) => {
        const key = message.subject.slice(prefix.length);
        const revision = message.info.streamSequence;
        if (known.get(key) === revision) {
          snapshot.add(key);
          return;
        }
        if (message.headers?.has('KV-Operation')) {
          snapshot.delete(key);
          if (known.delete(key)) await tell({ change: 'deleted', key });
          return;
        }
        snapshot.add(key);
        known.set(key, revision);
        const value = this.#parse(key, () => message.json());
        if (value !== undefined) await tell({ change: 'put', key, value });
      },
      caughtUp: () => {
        if (lost) grace ??= setTimeout(prune, LOST_KEY_GRACE_MS);
        else prune();
        lost = false;
        tellReady();
      },
    });
    return {
      ready,
      stop: async () => {
        clearTimeout(grace);
        await follower.stop();
      },
    };
  }

  #parse(key: string, read: () => unknown): z.output<Schema> | undefined {
    try {
      return this.schema.parse(read());
    } catch (error) {
      this.connection.notify({ notice: 'malformed', subject: `$KV.${this.name}.${key}`, error });
      return undefined;
    }
  }

  async #do<T>(words: string, act: (kv: KV) => Promise<T>): Promise<T> {
    const kv = await this.#kv;
    try {
      this.connection.needUp();
      return await act(kv);
    } catch (error) {
      throw asOutage(error, words);
    }
  }
}
