import type { Clock, Metrics } from '@muster/service';
import type { Counting } from '../counting.js';

/** What stats tells of its own work, where it is this process that counts; the figures themselves are the gateway's to show. */
export function measureCounting(
  metrics: Metrics,
  counting: () => Counting | undefined,
  clock: Pick<Clock, 'now'>,
): void {
  const of = async (read: (at: Counting) => number | Promise<number>) => {
    const at = counting();
    return at === undefined ? [] : [{ value: await read(at) }];
  };
  metrics.gauge('muster_stats_leading', 'Whether this process counts the requests', () => (counting() ? 1 : 0));
  metrics.counted(
    'muster_stats_counted_facts_total',
    'Facts about requests that this process counted since it leads',
    () => of(({ counted }) => counted),
  );
  metrics.gauge('muster_stats_pending_facts', 'Facts on the bus that are not counted yet', () =>
    of(({ pending }) => pending),
  );
  metrics.gauge('muster_stats_lag_seconds', 'Age of the last fact counted while further ones wait', () =>
    of((at) => at.lagMs(Date.parse(clock.now())) / 1_000),
  );
  metrics.gauge('muster_stats_open_requests', 'Requests that were accepted and have not ended', () =>
    of((at) => at.look(({ open }) => open.size)),
  );
}
