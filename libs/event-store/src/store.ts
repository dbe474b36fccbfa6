import { randomUUID } from 'node:crypto';
import { type Event, type FactMeta, SCHEMA_VERSION, upcast } from '@muster/contracts';
import { beginSpan, type OpenSpan } from '@muster/tracing';
import type { DataSource, EntityManager } from 'typeorm';
import * as z from 'zod/mini';
import { queryPrepared } from './database.js';
import {
  CommandReused,
  constraintOf,
  isRace,
  onDatabase,
  type Reservation,
  ReservationTaken,
  VersionConflict,
} from './failures.js';
import { COLUMNS, MAX_EVENT_BYTES, type Stored, storedFrom, STREAM_NAME, type Upcast } from './stored.js';

export interface AppendOptions {
  /** Values that this stream alone may hold from now on. Taken by the same call that appends, or nothing happens at all. */
  readonly take?: readonly Reservation[];
  /** Values that this stream gives back. One that it does not hold is passed over. */
  readonly release?: readonly Reservation[];
  /** Further writes in the same transaction, after the append. Not run for a repeated command. */
  readonly within?: (tx: EntityManager) => Promise<void>;
}

export interface Appended {
  /** The version of the stream after the (first) append of this command. */
  readonly version: number;
  /** The command had been carried out before: this is what came of it then, and nothing was added now. */
  readonly repeated: boolean;
}

export interface EventStoreOptions {
  readonly newId?: () => string;
  readonly upcast?: Upcast;
}

const MAX_EVENTS = 100;
/** A lost race rolls back everything, and the next try reads what won; more than a few in a row are something else. */
const MAX_TRIES = 5;
const RACED = new Set(['events_version', 'events_command', 'reservations_key']);

const Outcome = z.object({
  outcome: z.enum(['appended', 'repeated', 'version-conflict', 'reservation-taken', 'command-reused']),
  version: z.nullable(z.number()),
  detail: z.nullable(z.array(z.string())),
});

const READ = `select ${COLUMNS} from events e where e.stream_id = $1 and e.version > $2 order by e.version`;

/**
 * One event that takes and gives back nothing, by far the most frequent append: the statement that `append_events` would run,
 * without the function around it, which costs a good part of what the insert does. It inserts nothing when the stream is at another version,
 * or when it is not the first write of its transaction: then `append_events` tells why. A command that was carried out
 * before has moved the version, or else meets the unique index of the commands.
 */
export const APPEND_ONE = `insert into events (stream_id, version, id, command_id, type, schema_version, data, meta)
  select $1, $2::int + 1, $3::uuid, $4::uuid, $5, $6::int, $7::jsonb, $8::jsonb
  where $2::int = coalesce((select e.version from events e where e.stream_id = $1 order by e.version desc limit 1), 0)
    and pg_current_xact_id_if_assigned() is null
  returning version`;

const APPEND = `select outcome, version, detail from append_events(
  $1, $2, $3, $4::uuid[], $5::text[], $6, $7::jsonb[], $8, $9::text[], $10::text[], $11::text[], $12::text[])`;

/** The event table of one service: streams of facts, each appended at the version that its writer has read. */
export class EventStore {
  readonly upcast: Upcast;
  readonly #newId: () => string;
  readonly #onAppended = new Set<() => void>();
  readonly #onNumbered = new Set<() => void>();

  constructor(
    readonly database: DataSource,
    options: EventStoreOptions = {},
  ) {
    this.upcast = options.upcast ?? upcast;
    this.#newId = options.newId ?? randomUUID;
  }

  /** Every event of a stream in order, or those after a version. An unknown stream is empty and at version 0. */
  async read(stream: string, { after = 0 } = {}): Promise<{ facts: Stored[]; version: number }> {
    const attributes = { ...databaseAttributes, 'db.operation.name': 'read', 'muster.stream': stream };
    const span = beginSpan('read', 'client', { attributes, onlyWithin: true });
    const rows = await onDatabase(() => queryPrepared(this.database, 'read', READ, [stream, after])).finally(() =>
      span?.end(),
    );
    const facts = rows.map(storedFrom);
    return { facts, version: facts.at(-1)?.version ?? after };
  }

  /**
   * Appends events in one call, all or none, if the stream is at `expectedVersion` (0 = it has none). The same `commandId`
   * again returns what came of it the first time and adds nothing: after an unknown outcome the call may be repeated as it is.
   * Throws VersionConflict, ReservationTaken, or an Outage when the database is away.
   */
  async append(
    stream: string,
    expectedVersion: number,
    events: readonly Event[],
    meta: FactMeta,
    options: AppendOptions = {},
  ): Promise<Appended> {
    const span = beginAppend(stream, meta);
    // Who gave the order, and the trace that the facts go on in.
    const told = span === undefined ? meta : { ...meta, traceparent: span.traceparent };
    try {
      const append = () => this.#append(stream, expectedVersion, events, told, options);
      return await (span === undefined ? append() : span.run(append));
    } catch (error) {
      span?.failed(error);
      throw error;
    } finally {
      span?.end();
    }
  }

  async #append(
    stream: string,
    expectedVersion: number,
    events: readonly Event[],
    meta: FactMeta,
    options: AppendOptions,
  ): Promise<Appended> {
    const values = this.#valuesFor(stream, expectedVersion, events, meta, options);
    const { within, take = [], release = [] } = options;
    const isOne = events.length === 1 && take.length === 0 && release.length === 0;
    for (let tries = 1; ; tries += 1) {
      // After a lost race only `append_events` tells what won.
      const append = async (query: Query): Promise<Appended> =>
        (isOne && tries === 1 ? await appendOne(query, values) : undefined) ??
        outcomeOf(stream, expectedVersion, meta, await query('append', APPEND, values));
      try {
        const outcome = await onDatabase(async () =>
          within
            ? this.database.transaction(async (tx) => {
                const appended = await append((_name, text, all) => tx.query<unknown[]>(text, all));
                if (!appended.repeated) await within(tx);
                return appended;
              })
            : append((name, text, all) => queryPrepared(this.database, name, text, all)),
        );
        for (const tell of this.#onAppended) tell();
        return outcome;
      } catch (error) {
        if (tries === MAX_TRIES || !(RACED.has(constraintOf(error) ?? '') || isRace(error))) throw error;
      }
    }
  }

  /** Calls after each append of this process. Returns what ends it. */
  onAppended(tell: () => void): () => void {
    this.#onAppended.add(tell);
    return () => this.#onAppended.delete(tell);
  }

  /** Calls when the relay of this process has given events their positions. Returns what ends it. */
  onNumbered(tell: () => void): () => void {
    this.#onNumbered.add(tell);
    return () => this.#onNumbered.delete(tell);
  }

  /** For the relay: there is something new to read by position. */
  numbered(): void {
    for (const tell of this.#onNumbered) tell();
  }

  #valuesFor(
    stream: string,
    expectedVersion: number,
    events: readonly Event[],
    meta: FactMeta,
    { take = [], release = [] }: AppendOptions,
  ): unknown[] {
    if (!STREAM_NAME.test(stream)) throw new RangeError(`${stream} is no name for a stream`);
    if (events.length === 0 || events.length > MAX_EVENTS)
      throw new RangeError(`An append has 1 to ${MAX_EVENTS} events, not ${events.length}`);
    const data = events.map((event) => JSON.stringify(event.data));
    const tooLong = data.findIndex((text) => Buffer.byteLength(text) > MAX_EVENT_BYTES);
    if (tooLong >= 0) throw new RangeError(`${events[tooLong]?.type ?? ''} has more than ${MAX_EVENT_BYTES} bytes`);
    return [
      stream,
      expectedVersion,
      meta.commandId,
      events.map(() => this.#newId()),
      events.map(({ type }) => type),
      SCHEMA_VERSION,
      data,
      JSON.stringify(meta),
      take.map(({ kind }) => kind),
      take.map(({ key }) => key),
      release.map(({ kind }) => kind),
      release.map(({ key }) => key),
    ];
  }
}

/** A part of the trace that the order carries, or else of the one at hand; no trace begins with an append. */
function beginAppend(stream: string, { traceparent }: FactMeta): OpenSpan | undefined {
  const attributes = { ...databaseAttributes, 'db.operation.name': 'append', 'muster.stream': stream };
  return traceparent === undefined
    ? beginSpan('append', 'client', { attributes, onlyWithin: true })
    : beginSpan('append', 'client', { attributes, from: { traceparent } });
}

/** By OpenTelemetry's conventions for databases. Never a statement, never a value. */
const databaseAttributes = { 'db.system.name': 'postgresql' };

type Query = (name: string, text: string, values: unknown[]) => Promise<readonly unknown[]>;

const AppendedOne = z.object({ version: z.number() });

/** Undefined when nothing was inserted. */
async function appendOne(query: Query, values: readonly unknown[]): Promise<Appended | undefined> {
  const [stream, expected, commandId, ids, types, schema, data, meta] = values;
  const [id, type, datum] = [ids, types, data].map((list) => (list as readonly string[])[0]);
  const [row] = await query('append-one', APPEND_ONE, [stream, expected, id, commandId, type, schema, datum, meta]);
  return row === undefined ? undefined : { version: AppendedOne.parse(row).version, repeated: false };
}

function outcomeOf(stream: string, expected: number, meta: FactMeta, rows: readonly unknown[]): Appended {
  const { outcome, version, detail } = Outcome.parse(rows[0]);
  const [first = '', second = ''] = detail ?? [];
  switch (outcome) {
    case 'appended':
    case 'repeated':
      return { version: version ?? 0, repeated: outcome === 'repeated' };
    case 'version-conflict':
      throw new VersionConflict(stream, expected, version ?? 0);
    case 'reservation-taken':
      throw new ReservationTaken(first, second);
    case 'command-reused':
      throw new CommandReused(meta.commandId, first);
  }
}
