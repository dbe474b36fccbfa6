import { LOAD_POINTS, LoadPoint, loadStepOf } from '@muster/contracts';
import { onDatabase } from '@muster/event-store';
import * as z from 'zod/mini';
import type { Figure } from './minutes.js';
import { daysAgo, deleteInParts, type Queries } from './queries.js';

export interface KeptMinute {
  readonly nodeId: string;
  readonly point: LoadPoint;
}

/** Columns by figure; each has a second one, `…_highest`. */
const columns: Record<Figure, string> = {
  cpuPercent: 'cpu',
  memoryPercent: 'memory',
  gpuPercent: 'gpu',
  vramPercent: 'vram',
  inFlight: 'in_flight',
  tokensPerSecond: 'tokens',
};
const figures = Object.keys(columns) as Figure[];
const names = figures.flatMap((figure) => [columns[figure], `${columns[figure]}_highest`]);

/** Writes minutes. One that is there already is replaced by whichever was made of more samples. */
export async function upsertMinutes(queries: Queries, kept: readonly KeptMinute[]): Promise<void> {
  if (kept.length === 0) return;
  const values = figures.flatMap((figure) => [
    kept.map(({ point }) => point[figure]?.mean ?? null),
    kept.map(({ point }) => point[figure]?.highest ?? null),
  ]);
  await queries.query(
    `insert into node_minutes (node_id, minute, samples, ${names.join(', ')})
      select * from unnest($1::uuid[], $2::timestamptz[], $3::int[], ${names.map((_, index) => `$${index + 4}::real[]`).join(', ')})
      on conflict (node_id, minute) do update
        set (samples, ${names.join(', ')}) = (excluded.samples, ${names.map((name) => `excluded.${name}`).join(', ')})
        where excluded.samples >= node_minutes.samples`,
    [
      kept.map(({ nodeId }) => nodeId),
      kept.map(({ point }) => point.at),
      kept.map(({ point }) => point.samples),
      ...values,
    ],
  );
}

const Amount = z.nullable(z.number());
const Rows = z.array(
  z.object({ at: z.date(), samples: z.coerce.number(), means: z.array(Amount), highest: z.array(Amount) }),
);

/**
 * The figures of a node from one time to another, in steps as fine as fit. A mean over a step weighs each minute by its samples.
 * Throws an Outage.
 */
export async function readLoadHistory(
  queries: Queries,
  nodeId: string,
  { from, to }: { from: string; to: string },
): Promise<{ stepMs: number; points: LoadPoint[] }> {
  const stepMs = loadStepOf(Date.parse(to) - Date.parse(from));
  const mean = (name: string) => `sum(${name} * samples) / nullif(sum(samples) filter (where ${name} is not null), 0)`;
  const answer = await onDatabase(() =>
    queries.query(
      `select date_bin(make_interval(secs => $4), minute, 'epoch') as at, sum(samples) as samples,
          array[${figures.map((figure) => `${mean(columns[figure])}`).join(', ')}]::float8[] as means,
          array[${figures.map((figure) => `max(${columns[figure]}_highest)`).join(', ')}]::float8[] as highest
        from node_minutes where node_id = $1 and minute >= $2 and minute < $3 group by 1 order by 1 limit $5`,
      [nodeId, from, to, stepMs / 1_000, LOAD_POINTS + 1],
    ),
  );
  const points = Rows.parse(answer).map(({ at, samples, means, highest }) => {
    const spreads = figures.flatMap((figure, index) => {
      const [middle, top] = [means[index] ?? undefined, highest[index] ?? undefined];
      return middle === undefined || top === undefined ? [] : [[figure, { mean: middle, highest: top }]];
    });
    return LoadPoint.parse({ at: at.toISOString(), samples, ...Object.fromEntries(spreads) });
  });
  return { stepMs, points };
}

/** Lets go of what is older than so many days. */
export async function trimMinutes(queries: Queries, days: number): Promise<void> {
  await deleteInParts(queries, 'node_minutes', `from node_minutes gone where minute < ${daysAgo}`, days);
}
