import { Outage } from '@muster/contracts';

/** Somebody else wrote to the stream first. Read it again, decide again. */
export class VersionConflict extends Error {
  override readonly name = 'VersionConflict';

  constructor(
    readonly stream: string,
    readonly expected: number,
    readonly current: number,
  ) {
    super(`${stream} is at version ${current}, not ${expected}`);
  }
}

/** A value that may exist once among all streams, by its kind: `{ kind: 'node-name', key: 'gpu-04' }`. */
export interface Reservation {
  readonly kind: string;
  /** Two values with the same key are the same value: the caller folds letter case and the like away. */
  readonly key: string;
}

/** Another stream holds the value. Nothing was written. */
export class ReservationTaken extends Error {
  override readonly name = 'ReservationTaken';

  constructor(
    readonly kind: string,
    readonly key: string,
  ) {
    super(`The ${kind} is taken`);
  }
}

/** The command id belongs to an earlier append to another stream. A mistake of the caller: one command, one append. */
export class CommandReused extends Error {
  override readonly name = 'CommandReused';

  constructor(
    readonly commandId: string,
    readonly stream: string,
  ) {
    super(`The command ${commandId} has been carried out on ${stream} already`);
  }
}

/** A stored event that today's code can not read: an unknown type, or data that do not fit it. Never passed over. */
export class BrokenFact extends Error {
  override readonly name = 'BrokenFact';

  constructor(
    readonly stream: string,
    readonly version: number,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`Version ${version} of ${stream} can not be read: ${reason}`, options);
  }
}

/** Somebody else leads now: what this one still wanted to write is refused. */
export class Fenced extends Error {
  override readonly name = 'Fenced';

  constructor(readonly token: number) {
    super(`The relay with token ${token} no longer leads`);
  }
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html: connection (08), resources (53), operator
// intervention (57, among them every shutdown and timeout), connections not accepted (55000), lock not available (55P03),
// ended while idle in a transaction (25P03).
const AWAY = /^(?:08|53|57|55000|55P03|25P03)/;
const RACE = /^40/;
const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']);
// What `pg` and its pool say without a code.
const WORDS = /timeout|Connection terminated|connection error|not queryable|ended by the other side/i;

/** Whether the database is away or too slow, so that the same call may succeed later as it is. */
export function isOutage(error: unknown): boolean {
  if (error instanceof Outage) return true;
  const code = codeOf(error);
  if (code === undefined) return error instanceof Error && WORDS.test(error.message);
  return AWAY.test(code) || NETWORK.has(code);
}

/** Whether transactions got in each other's way: the same call may succeed at once. */
export const isRace = (error: unknown): boolean => RACE.test(codeOf(error) ?? '');

/** The SQLSTATE or the system's error code, through whatever wraps it. */
export function codeOf(error: unknown): string | undefined {
  const code = property(error, 'code') ?? property(property(error, 'driverError'), 'code');
  return typeof code === 'string' ? code : undefined;
}

/** The constraint that Postgres names in an error, if any. */
export function constraintOf(error: unknown): string | undefined {
  const name = property(error, 'constraint') ?? property(property(error, 'driverError'), 'constraint');
  return typeof name === 'string' ? name : undefined;
}

const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

/** Runs something on the database; that it is away becomes an Outage. */
export async function onDatabase<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Outage || !isOutage(error)) throw error;
    throw new Outage('database', 'The database is away or too slow', { cause: error });
  }
}
