import { onDatabase } from '@muster/event-store';
import type { DataSource } from 'typeorm';
import * as z from 'zod/mini';

/** How far a webhook is. */
export interface Place {
  readonly position: string | undefined;
  readonly done: readonly string[];
  /** The version of the fact that said from where to send. */
  readonly startOrder: number;
  readonly failingSince: string | undefined;
}

/** A webhook that this process sends for, and nobody else. */
export interface Held extends Place {
  readonly token: string;
}

export const LEASE_MS = 10_000;

const Row = z.object({
  position: z.nullable(z.string()),
  done: z.array(z.string()),
  start_order: z.number(),
  failing_since: z.nullable(z.date()),
  token: z.string(),
});

const TTL = `${LEASE_MS} milliseconds`;

/** Takes a webhook that nobody sends for; undefined when somebody does. A take-over raises the token. */
export async function claim(database: DataSource, webhookId: string, holder: string): Promise<Held | undefined> {
  return onDatabase(async () => {
    await database.query('insert into places (webhook_id) values ($1) on conflict do nothing', [webhookId]);
    const [rows] = await database.query<[unknown[], number]>(
      `update places set holder = $2, token = token + 1, expires_at = clock_timestamp() + $3::interval
        where webhook_id = $1 and expires_at <= clock_timestamp()
        returning position, done, start_order, failing_since, token::text`,
      [webhookId, holder, TTL],
    );
    if (rows[0] === undefined) return undefined;
    const { position, done, start_order, failing_since, token } = Row.parse(rows[0]);
    const failingSince = failing_since?.toISOString();
    return { position: position ?? undefined, done, startOrder: start_order, failingSince, token };
  });
}

/** Lengthens what is held. False when it is not held any more. */
export async function renew(database: DataSource, webhookId: string, holder: string, token: string): Promise<boolean> {
  return onDatabase(async () => {
    const [, renewed] = await database.query<[unknown, number]>(
      `update places set expires_at = clock_timestamp() + $4::interval
        where webhook_id = $1 and holder = $2 and token = $3 and expires_at > clock_timestamp()`,
      [webhookId, holder, token, TTL],
    );
    return renewed === 1;
  });
}

/** Lets go, so that another process need not wait. */
export const release = (database: DataSource, webhookId: string, holder: string, token: string): Promise<unknown> =>
  onDatabase(() =>
    database.query(
      `update places set holder = null, expires_at = '-infinity' where webhook_id = $1 and holder = $2 and token = $3`,
      [webhookId, holder, token],
    ),
  );

/** Keeps how far it is. False when somebody else sends for it by now: then nothing is changed. */
export async function keepPlace(
  database: DataSource,
  webhookId: string,
  token: string,
  place: Place & { readonly deliveredAt: string | undefined },
): Promise<boolean> {
  return onDatabase(async () => {
    const [, kept] = await database.query<[unknown, number]>(
      `update places set position = $3, done = $4, start_order = $5, failing_since = $6,
              last_delivered_at = coalesce($7, last_delivered_at)
        where webhook_id = $1 and token = $2`,
      [
        webhookId,
        token,
        place.position ?? null,
        JSON.stringify(place.done),
        place.startOrder,
        place.failingSince ?? null,
        place.deliveredAt ?? null,
      ],
    );
    return kept === 1;
  });
}

const Progress = z.object({
  webhook_id: z.string(),
  position: z.nullable(z.string()),
  start_order: z.number(),
  failing_since: z.nullable(z.date()),
  last_delivered_at: z.nullable(z.date()),
});
export type Progress = z.infer<typeof Progress>;

export const readProgress = (database: DataSource): Promise<Progress[]> =>
  onDatabase(async () =>
    z
      .array(Progress)
      .parse(
        await database.query('select webhook_id, position, start_order, failing_since, last_delivered_at from places'),
      ),
  );
