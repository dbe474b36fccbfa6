const DAY_S = 86_400;
const MINUTES_A_DAY = 1_440;
const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** What was measured, each where docs/scale.md says. Units in the names. */
export const measured = {
  /** A sample of a node with one graphics processor, as JSON, with its subject and the frame of NATS. */
  sampleBytes: 490,
  /** What the list shows of a node's load, as JSON, sent to every open console once a second. */
  loadBytes: 118,
  /** Rows with their indexes, over tables of 100,000 rows. */
  minuteRowBytes: 151,
  logRowBytes: 386,
  requestRowBytes: 1_472,
  monitorCorePercentPerNode: 0.022,
  monitorBaseMib: 143,
  monitorMibPerNode: 0.47,
  routerRequestsPerSecond: 6_900,
  factsCountedPerSecond: 41_000,
} as const;

/** What is taken for granted and was not measured: what nodes do differs from place to place. */
export const assumed = {
  linesPerNodeAndSecond: 0.1,
  requestsPerNodeAndSecond: 0.1,
  healthFactsPerNodeAndDay: 20,
  /** In the event table and in the timeline, with indexes. */
  healthFactBytes: 3_072,
  openConsoles: 20,
  gateways: 2,
} as const;

/** How long is kept what is no fact, as shipped. */
export const keptDays = { requests: 30, minutes: 30, logLines: 7 } as const;
/** A monitor is one thread: so much of a core leaves room for bursts. */
export const MONITOR_CORE_PERCENT = 60;
/** Leases are on shards, so there is no use in more monitors. */
export const SHARDS = 64;
const FACTS_PER_REQUEST = 2;

/** What so many nodes mean, a row for each thing that grows with them. */
export function scaleOf(nodes: number): Readonly<Record<string, number>> {
  const perMonitor = Math.floor(MONITOR_CORE_PERCENT / measured.monitorCorePercentPerNode);
  const monitors = Math.ceil(nodes / perMonitor);
  const requests = nodes * assumed.requestsPerNodeAndSecond;
  const perDay = {
    minutes: nodes * MINUTES_A_DAY * measured.minuteRowBytes,
    log: nodes * assumed.linesPerNodeAndSecond * DAY_S * measured.logRowBytes,
    requests: requests * DAY_S * measured.requestRowBytes,
    health: nodes * assumed.healthFactsPerNodeAndDay * assumed.healthFactBytes,
  };
  return {
    'samples a second': nodes,
    'samples into NATS, MiB/s': (nodes * measured.sampleBytes) / MIB,
    'samples out of NATS to gateways, MiB/s': (nodes * assumed.gateways * measured.sampleBytes) / MIB,
    'loads to one open console, MiB/s': (nodes * measured.loadBytes) / MIB,
    'loads out of each gateway, MiB/s': (nodes * measured.loadBytes * assumed.openConsoles) / assumed.gateways / MIB,
    'health facts a second': (nodes * assumed.healthFactsPerNodeAndDay) / DAY_S,
    'requests a second': requests,
    'facts about requests a second': requests * FACTS_PER_REQUEST,
    'stats: share of what one counts, %': (100 * requests * FACTS_PER_REQUEST) / measured.factsCountedPerSecond,
    routers: Math.ceil(requests / measured.routerRequestsPerSecond),
    'nodes a monitor, at most': perMonitor,
    monitors: monitors,
    'memory of each monitor, MiB': measured.monitorBaseMib + Math.ceil(nodes / monitors) * measured.monitorMibPerNode,
    'minute rows a second': nodes / 60,
    'minute rows, GiB a day': perDay.minutes / GIB,
    'log rows, GiB a day': perDay.log / GIB,
    'request rows, GiB a day': perDay.requests / GIB,
    'health facts, GiB a day': perDay.health / GIB,
    'Postgres once full, without facts, GiB':
      (perDay.minutes * keptDays.minutes + perDay.log * keptDays.logLines + perDay.requests * keptDays.requests) / GIB,
  };
}

/** As the table shows it: three digits that count. */
export const shown = (value: number): string =>
  value >= 1_000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
