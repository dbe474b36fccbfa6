import { type BucketName } from '@muster/contracts';
import { type KV, Kvm } from '@nats-io/kv';
import type * as z from 'zod/mini';
import { isNoSuchStream } from './api-error.js';
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
  #seen: Promise<unknown> | undefined;

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
    const prefix = `$KV.${this.name}.`;
    /** The revision of each key that the handler knows. */
    const known = new Map<string, number>();
    /** The keys that are there, as far as this opening has shown. */
    let present = new Set<string>();
    let complete = false;
    let lost = false;
    let grace: NodeJS.Timeout | undefined;
    let tellReady: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => (tellReady = resolve));
    let told = Promise.resolve();
    const tell = (change: Change<z.output<Schema>>): Promise<void> =>
      (told = told
        .then(() => handler(change))
        .catch((error: unknown) => {
          this.connection.notify({ notice: 'handler-failed', subject: `${prefix}${change.key}`, error });
        }));
    const forgetAbsent = async () => {
      lost = false;
      for (const key of known.keys()) {
        if (present.has(key)) continue;
        known.delete(key);
        await tell({ change: 'deleted', key });
      }
    };
    const follower = new Follower(this.connection, this.streams, {
      stream: bucketStream(this.name),
      filter: `${prefix}>`,
      from: 'last-per-subject',
      opened: (anew) => {
        present = new Set();
        complete = false;
        clearTimeout(grace);
        if (!anew) return;
        // Revisions begin anew, so the same one says nothing.
        for (const key of known.keys()) known.set(key, 0);
        lost = true;
      },
      message: async (message) => {
        const key = message.subject.slice(prefix.length);
        const revision = message.info.streamSequence;
        if (message.headers?.has('KV-Operation')) {
          present.delete(key);
          if (known.delete(key)) await tell({ change: 'deleted', key });
          return;
        }
        present.add(key);
        if (known.get(key) === revision) return;
        known.set(key, revision);
        const value = this.#parse(key, () => message.json());
        if (value !== undefined) await tell({ change: 'put', key, value });
      },
      caughtUp: async () => {
        if (complete) return;
        complete = true;
        if (lost) grace = setTimeout(() => void forgetAbsent(), LOST_KEY_GRACE_MS);
        else await forgetAbsent();
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
      // Only a bucket that was seen can be seen to be lost.
      this.#seen ??= this.streams.ensure(bucketStream(this.name)).catch((error: unknown) => {
        this.#seen = undefined;
        throw error;
      });
      await this.#seen;
      return await act(kv).catch(async (error: unknown) => {
        if (!isNoSuchStream(error)) throw error;
        // It was lost, so it is made again.
        await this.streams.ensure(bucketStream(this.name));
        return act(kv);
      });
    } catch (error) {
      throw asOutage(error, words);
    }
  }
}
