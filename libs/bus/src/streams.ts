import {
  type BucketName,
  buckets,
  deadLetters,
  type StreamName,
  streams as factStreams,
  type StreamSpec,
} from '@muster/contracts';
import {
  DiscardPolicy,
  JetStreamApiCodes,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { isApiError } from './api-error.js';
import { nanos } from '@nats-io/transport-node';
import { fullJitter, sleep } from './backoff.js';
import type { Connection } from './connection.js';
import { patiently } from './patience.js';

/** Within this time the server itself drops a message whose id it has seen. */
export const DUPLICATE_WINDOW_MS = 2 * 60 * 1000;

type Settings = Pick<
  StreamConfig,
  | 'name'
  | 'description'
  | 'subjects'
  | 'retention'
  | 'storage'
  | 'discard'
  | 'max_age'
  | 'max_msgs'
  | 'max_bytes'
  | 'max_msg_size'
  | 'max_msgs_per_subject'
  | 'duplicate_window'
  | 'allow_direct'
  | 'allow_rollup_hdrs'
  | 'deny_delete'
  | 'deny_purge'
> & { description: string };

/**
 * Everything that a promise of ours rests on is set in so many words and compared at every start. How many replicas there
 * are and where they lie is the operator's choice and not looked at.
 */
const shared = {
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  max_msgs: -1,
  max_bytes: -1,
  max_msg_size: -1,
  allow_direct: true,
  deny_purge: false,
};

/** The settings of a stream of facts: kept as long as the contract says, single facts can not be deleted. */
export const streamSettings = ({ name, subjects, keptMs, what }: StreamSpec): Settings => ({
  ...shared,
  name,
  description: what,
  subjects: [...subjects],
  discard: DiscardPolicy.Old,
  max_age: keptMs === undefined ? 0 : nanos(keptMs),
  max_msgs_per_subject: -1,
  duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  allow_rollup_hdrs: false,
  deny_delete: true,
});

/** The settings of a bucket, as the key-value protocol of NATS wants them (ADR-8): one value a key, roll-up for purges. */
export const bucketSettings = ({ name, what }: { name: string; what: string }): Settings => ({
  ...shared,
  name: `KV_${name}`,
  description: what,
  subjects: [`$KV.${name}.>`],
  discard: DiscardPolicy.New,
  max_age: 0,
  max_msgs_per_subject: 1,
  duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  allow_rollup_hdrs: true,
  deny_delete: true,
});

/** What every service asserts at its start, by the name of the stream. */
export const wantedStreams: ReadonlyMap<string, Settings> = new Map(
  [
    ...Object.values<StreamSpec>({ ...factStreams, deadLetters }).map(streamSettings),
    ...Object.values(buckets).map(bucketSettings),
  ].map((settings) => [settings.name, settings]),
);

export const bucketStream = (bucket: BucketName): string => `KV_${bucket}`;

/** A stream on the server is not what its contract says: a promise of ours would not hold, so nothing starts on it. */
export class StreamDrift extends Error {
  override readonly name = 'StreamDrift';

  constructor(
    readonly stream: string,
    readonly field: string,
    readonly wanted: unknown,
    readonly actual: unknown,
  ) {
    super(
      `The stream ${stream} on the NATS server has ${field} = ${JSON.stringify(actual)} where ${JSON.stringify(wanted)} is needed. ` +
        'Change it there, or remove the stream: it is filled again.',
    );
  }
}

/** How often streams and buckets that are in use are looked at while nothing seems wrong. */
const CHECK_EVERY_MS = 10_000;

/** What may change from one release to the next without breaking a promise: the bus is a transport, the history lies elsewhere. */
const UPDATED = new Set<keyof Settings>(['max_age', 'description']);

/** The first field that differs and must not, and whether one differs that is brought up to date. Pure. */
export function compareSettings(
  wanted: Settings,
  actual: Partial<StreamConfig>,
): { drift?: { field: keyof Settings; wanted: unknown; actual: unknown }; update: boolean } {
  let update = false;
  for (const field of Object.keys(wanted) as (keyof Settings)[]) {
    // The server leaves out what is false or empty.
    const there = actual[field] ?? (typeof wanted[field] === 'boolean' ? false : undefined);
    if (JSON.stringify(there) === JSON.stringify(wanted[field])) continue;
    if (UPDATED.has(field)) update = true;
    else return { drift: { field, wanted: wanted[field], actual: there }, update };
  }
  return { update };
}

/** Makes streams and buckets what the contract says, and notices when one was lost and is another. */
export class Streams {
  readonly #created = new Map<string, string>();
  readonly #lostHandlers = new Set<(stream: string) => void>();
  #checking = false;
  #toldProblem = '';

  constructor(private readonly connection: Connection) {
    connection.onState((state) => {
      if (state === 'up') void this.#checkAgain();
    });
    const timer = setInterval(() => void this.#checkAgain(), CHECK_EVERY_MS).unref();
    connection.closing.addEventListener(
      'abort',
      () => {
        clearInterval(timer);
      },
      { once: true },
    );
  }

  /** Throws StreamDrift for the first stream or bucket that is there with other settings, and an Outage when the server stays too busy. */
  async assertAll(): Promise<void> {
    for (const name of wantedStreams.keys()) await patiently(() => this.ensure(name), this.connection.random);
  }

  /** Makes one stream if it is not there. Throws StreamDrift when it is there and different. */
  async ensure(name: StreamName | string): Promise<StreamInfo> {
    const wanted = wantedStreams.get(name);
    if (wanted === undefined) throw new Error(`No contract names the stream ${name}`);
    const info = await this.#present(wanted);
    const { drift, update } = compareSettings(wanted, info.config);
    if (drift) throw new StreamDrift(name, drift.field, drift.wanted, drift.actual);
    if (update) await this.connection.jsm.streams.update(name, { ...info.config, ...wanted });
    this.#remember(name, info.created);
    return info;
  }

  /** Calls when a stream or bucket turns out to be another than before, so that what it held must be written again. */
  onLost(handler: (stream: string) => void): () => void {
    this.#lostHandlers.add(handler);
    return () => this.#lostHandlers.delete(handler);
  }

  /** A store can be lost with the server, or by hand while the connection holds; who writes there must learn it. */
  async #checkAgain(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    const { closing, random } = this.connection;
    for (let attempt = 1; this.connection.state === 'up' && !closing.aborted; attempt += 1) {
      try {
        for (const name of this.#created.keys()) await this.ensure(name);
        this.#toldProblem = '';
        break;
      } catch (error) {
        if (this.connection.state !== 'up' || closing.aborted) break;
        const problem = String(error);
        if (problem !== this.#toldProblem) this.connection.notify({ notice: 'server-error', error });
        this.#toldProblem = problem;
        if (error instanceof StreamDrift) break;
        await sleep(fullJitter(attempt, { floorMs: 100, baseMs: 200, capMs: CHECK_EVERY_MS }, random), closing);
      }
    }
    this.#checking = false;
  }

  async #present(wanted: Settings): Promise<StreamInfo> {
    const { streams } = this.connection.jsm;
    try {
      return await streams.info(wanted.name);
    } catch (error) {
      if (!isApiError(error, JetStreamApiCodes.StreamNotFound)) throw error;
      return streams.add({ ...wanted, num_replicas: 1 });
    }
  }

  #remember(name: string, created: string): void {
    const before = this.#created.get(name);
    this.#created.set(name, created);
    if (before === undefined || before === created) return;
    this.connection.notify({ notice: 'store-lost', stream: name });
    for (const handler of [...this.#lostHandlers]) handler(name);
  }
}
