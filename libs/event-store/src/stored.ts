import {
  type Event,
  type Fact,
  type FactFamily,
  FactMeta,
  type StoredEvent,
  streamOf,
  upcast,
} from '@muster/contracts';
import * as z from 'zod/mini';
import { BrokenFact } from './failures.js';

/** A row of the event table. What it says is not looked at yet. */
export interface Stored {
  readonly id: string;
  readonly stream: string;
  readonly version: number;
  /** Given by the relay a moment after the commit. */
  readonly position: number | undefined;
  readonly at: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: unknown;
  readonly meta: unknown;
}

/** The events of a family. */
export type EventOf<Family extends FactFamily> = z.output<Family['schema']> & Event;
/** A fact of a family, as it is read from its own stream: the relay may not have given it its position yet. */
export type FactOf<Family extends FactFamily> = Fact<EventOf<Family>>;

/** Turns old JSON into today's. */
export type Upcast = (stored: StoredEvent) => StoredEvent;

/**
 * A row as the driver gives it. Postgres itself holds every column to its type, so it is not checked again for each of the
 * hundreds of thousands that a replay reads; `data` and `meta`, which may be anything, are looked at by `readFact`.
 */
interface Row {
  readonly stream_id: string;
  readonly version: number;
  readonly id: string;
  /** bigint comes as text. */
  readonly position: string | null;
  readonly at: Date;
  readonly type: string;
  readonly schema_version: number;
  readonly data: unknown;
  readonly meta: unknown;
}

/** The columns that `storedFrom` reads. */
export const COLUMNS = 'e.stream_id, e.version, e.id, e.position, e.at, e.type, e.schema_version, e.data, e.meta';

/** A row of a statement that reads `COLUMNS`. */
export function storedFrom(row: unknown): Stored {
  const { stream_id, version, id, position, at, type, schema_version, data, meta } = row as Row;
  return {
    id,
    stream: stream_id,
    version,
    position: position === null ? undefined : Number(position),
    at: at.toISOString(),
    type,
    schemaVersion: schema_version,
    data,
    meta,
  };
}

/** The family that a stream's facts are of. A stream of no family at all belongs to none. */
export const familyIn = <Family extends FactFamily>(families: readonly Family[], stream: string): Family | undefined =>
  families.find((family) => stream.startsWith(streamOf(family, '')));

/** Reads a row as a fact of the family, old shapes included. Throws BrokenFact with the reason when it is none. */
export function readFact<Family extends FactFamily>(
  family: Family,
  stored: Stored,
  toToday: Upcast = upcast,
): FactOf<Family> {
  try {
    // Nothing more is asked of it before the upcast: the family's own schema looks into it, once for each fact of a replay.
    if (!isObject(stored.data)) throw new Error('data is no object');
    const event = family.schema.parse(toToday({ type: stored.type, data: stored.data })) as EventOf<Family>;
    const { id, stream, version, position = 0, at } = stored;
    return { ...event, id, stream, version, position, at, meta: FactMeta.parse(stored.meta) } as FactOf<Family>;
  } catch (error) {
    throw new BrokenFact(stored.stream, stored.version, reasonOf(stored, error), { cause: error });
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Events go to the bus one by one, in messages of at most 1 MiB with their headers. */
export const MAX_EVENT_BYTES = 512 * 1024;
/** `<family>-<id>`: both become tokens of a subject on the bus. */
export const STREAM_NAME = /^[a-z]{1,32}-[A-Za-z0-9_-]{1,128}$/;
const TYPE_NAME = /^[A-Za-z][A-Za-z0-9]{0,63}$/;

/**
 * A row as it goes to the bus: in the shape it was stored in, since whoever reads it makes it today's. Throws BrokenFact when
 * it could not be published at all.
 */
export function rawFact(stored: Stored & { position: number }): Fact {
  const { id, stream, version, position, at, type, schemaVersion: edition } = stored;
  const broken = (reason: string) => new BrokenFact(stream, version, reason);
  if (!STREAM_NAME.test(stream) || !TYPE_NAME.test(type)) throw broken('stream or type is no name');
  const { data } = stored;
  if (!isObject(data)) throw broken(`${type}: data is no object`);
  if (Buffer.byteLength(JSON.stringify(data)) > MAX_EVENT_BYTES) throw broken(`${type}: data is too long`);
  const meta = FactMeta.safeParse(stored.meta);
  if (!meta.success) throw broken(`${type}: meta: ${meta.error.issues[0]?.message ?? ''}`);
  return { id, stream, version, position, at, type, data, meta: meta.data, edition };
}

function reasonOf({ type }: Stored, error: unknown): string {
  if (error instanceof z.core.$ZodError) {
    const [issue] = error.issues;
    const where = issue?.path.map(String).join('.') ?? '';
    return where === 'type' ? `${type} is an unknown type` : `${type}: ${where}: ${issue?.message ?? ''}`;
  }
  return `${type}: ${error instanceof Error ? error.message : String(error)}`;
}
