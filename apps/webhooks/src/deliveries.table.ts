import type { WebhookDelivery } from '@muster/contracts';
import { onDatabase } from '@muster/event-store';
import type { DataSource } from 'typeorm';

/** So many tries of a webhook are kept, and none for longer. */
export const KEPT = { tries: 1_000, days: 30 } as const;

interface Row {
  readonly n: string;
  readonly message_id: string;
  readonly type: string;
  readonly position: string;
  readonly attempt: number;
  readonly outcome: WebhookDelivery['outcome'];
  readonly status: number | null;
  readonly took_ms: number;
  readonly at: Date;
}

const deliveryOf = ({
  n,
  message_id,
  type,
  position,
  attempt,
  outcome,
  status,
  took_ms,
  at,
}: Row): WebhookDelivery => ({
  ...{ n: Number(n), messageId: message_id, type, position, attempt, outcome, tookMs: took_ms, at: at.toISOString() },
  ...(status !== null && { status }),
});

/** Writes tries down, in their order. Returns them with their numbers. */
export const noteTries = (
  database: DataSource,
  webhookId: string,
  tries: readonly Omit<WebhookDelivery, 'n'>[],
): Promise<WebhookDelivery[]> =>
  onDatabase(async () => {
    const rows = await database.query<Row[]>(
      `insert into deliveries (webhook_id, message_id, type, position, attempt, outcome, status, took_ms, at)
       select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::int[], $8::int[], $9::timestamptz[])
       returning *`,
      [
        webhookId,
        tries.map(({ messageId }) => messageId),
        tries.map(({ type }) => type),
        tries.map(({ position }) => position),
        tries.map(({ attempt }) => attempt),
        tries.map(({ outcome }) => outcome),
        tries.map(({ status }) => status ?? null),
        tries.map(({ tookMs }) => Math.round(tookMs)),
        tries.map(({ at }) => at),
      ],
    );
    return rows.map(deliveryOf);
  });

/** The tries of a webhook, newest first. */
export const readTries = (
  database: DataSource,
  webhookId: string,
  { before, limit }: { before?: number | undefined; limit: number },
): Promise<{ deliveries: WebhookDelivery[]; older: boolean }> =>
  onDatabase(async () => {
    const rows = await database.query<Row[]>(
      `select * from deliveries where webhook_id = $1 and ($2::bigint is null or n < $2) order by n desc limit $3`,
      [webhookId, before ?? null, limit + 1],
    );
    return { deliveries: rows.slice(0, limit).map(deliveryOf), older: rows.length > limit };
  });

/** The newest try of each of these webhooks that was tried, by the id of the webhook. */
export const lastTries = (
  database: DataSource,
  webhookIds: readonly string[],
): Promise<ReadonlyMap<string, WebhookDelivery>> =>
  onDatabase(async () => {
    const rows = await database.query<(Row & { readonly webhook_id: string })[]>(
      `select tried.* from unnest($1::uuid[]) as wanted (id) cross join lateral
         (select * from deliveries where webhook_id = wanted.id order by n desc limit 1) as tried`,
      [webhookIds],
    );
    return new Map(rows.map((row) => [row.webhook_id, deliveryOf(row)]));
  });

/** Takes away what is beyond the bounds of a webhook. */
export const forgetTries = (database: DataSource, webhookId: string): Promise<unknown> =>
  onDatabase(() =>
    database.query(
      `delete from deliveries where webhook_id = $1 and (at < clock_timestamp() - $3::interval or n <=
         (select n from deliveries where webhook_id = $1 order by n desc offset $2 limit 1))`,
      [webhookId, KEPT.tries, `${KEPT.days} days`],
    ),
  );

/** Takes away everything about webhooks that are not there any more. */
export const forgetOthers = (database: DataSource, webhookIds: readonly string[]): Promise<unknown> =>
  onDatabase(async () => {
    await database.query('delete from deliveries where webhook_id <> all($1::uuid[])', [webhookIds]);
    await database.query('delete from places where webhook_id <> all($1::uuid[])', [webhookIds]);
  });
