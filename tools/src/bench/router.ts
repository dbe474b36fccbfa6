import { join } from 'node:path';
import { say } from '../terminal.js';
import { answers, type Child } from './child.js';
import { cpuMsOfFamily } from './cpu.js';
import { inTemporaryFolder } from './folder.js';
import { bareProxy, haproxy, nginxAnswering, portkey } from './peers.js';
import { compare, type Comparator, machine, quantile, type Side } from './rounds.js';
import { routerBed } from './router-bed.js';
import { chatBody, wrk, type Wrk, type WrkTarget } from './wrk.js';

// `npm run bench -- router`: how many requests a second pass the router, and how much later an answer comes by way of it.
const SECONDS = 2;
/** Of the latencies, where each turn gives a median of thousands. */
const [LATENCY_SECONDS, LATENCY_ROUNDS] = [2, 7];
const [PORTKEY_BAR, HAPROXY_BAR] = [5, 0.2];
const [ADDED_P50_MS, ADDED_PART, P99_PART] = [0.4, 0.33, 0.33];

await inTemporaryFolder(async (folder) => {
  const children: Pick<Child, 'stop'>[] = [];
  const held = async <T extends Pick<Child, 'stop'>>(made: Promise<T>): Promise<T> => {
    const one = await made;
    children.push(one);
    return one;
  };
  try {
    say(machine());
    const upstream = await held(nginxAnswering(join(folder, 'nginx')));
    const { tlsPort: port, certificate } = upstream;
    const node = { name: 'nginx', host: '127.0.0.1', port, certificate, ticket: 'bench-ticket', slots: 256 };
    const bed = await held(routerBed(join(folder, 'muster'), [node]));
    const proxy = await held(haproxy(join(folder, 'haproxy'), upstream));
    const bare = await held(bareProxy(upstream));
    const other = await held(portkey(join(folder, 'portkey'), upstream));
    const json = { 'content-type': 'application/json' };
    const targets = {
      direct: { url: `http://127.0.0.1:${upstream.plainPort}`, headers: json },
      haproxy: { url: proxy.url, headers: json },
      bare: { url: bare.url, headers: json },
      router: { url: bed.url, headers: { ...json, authorization: `Bearer ${bed.key}` } },
      portkey: { url: other.url, headers: other.headers },
    } satisfies Record<string, WrkTarget>;
    for (const { url, headers } of Object.values(targets))
      await answers(`${url}/v1/chat/completions`, { method: 'POST', headers, body: chatBody });
    const run = async (target: WrkTarget, connections: number, seconds: number): Promise<Wrk> => {
      const done = await wrk(folder, target, connections, seconds);
      if (done.errors > 0)
        throw new Error(`${target.url} answered ${done.errors} of ${done.requests} requests wrongly`);
      return done;
    };

    const side = (name: string, target: WrkTarget, pid: number): Side => ({
      name,
      turn: async () => {
        const before = await cpuMsOfFamily(pid);
        const { requests, seconds } = await run(target, 10, SECONDS);
        return { units: requests, wallMs: seconds * 1000, cpuMs: (await cpuMsOfFamily(pid)) - before };
      },
    });
    const peers: Comparator[] = [
      { ...side('Portkey 1.15.2', targets.portkey, other.pid), bar: PORTKEY_BAR, by: 'clock' },
      { ...side('HAProxy', targets.haproxy, proxy.pid), bar: HAPROXY_BAR, by: 'clock' },
      side('node:http and undici alone', targets.bare, bare.pid),
    ];
    await compare('requests, 10 connections', side('router', targets.router, bed.pid), peers);
    await latencies((target, connections) => run(target, connections, LATENCY_SECONDS), targets);
  } finally {
    for (const each of children.reverse()) await each.stop();
  }
});

type Targets = Record<'direct' | 'haproxy' | 'router' | 'portkey', WrkTarget>;

/** Turn and turn about, one connection and ten; what counts is the median over the rounds. */
async function latencies(
  run: (target: WrkTarget, connections: number) => Promise<Wrk>,
  targets: Targets,
): Promise<void> {
  const names = ['direct', 'haproxy', 'router', 'portkey'] as const;
  for (const connections of [1, 10]) {
    const rounds: Record<string, Wrk>[] = [];
    for (let round = -1; round < LATENCY_ROUNDS; round += 1) {
      const told: Record<string, Wrk> = {};
      for (const name of names) told[name] = await run(targets[name], connections);
      if (round >= 0) rounds.push(told);
    }
    const of = (name: string, read: (done: Wrk) => number) => rounds.map((round) => read(round[name] as Wrk));
    const median = (values: readonly number[]) => quantile(values, 0.5);
    say(
      `| ${connections === 1 ? 'one connection' : `${connections} connections`} | p50, ms | p99, ms | added to the direct p50, ms | to the direct p99, ms |`,
    );
    say('| --- | ---: | ---: | ---: | ---: |');
    const added = (name: string, of: 'p50Ms' | 'p99Ms' = 'p50Ms') => rounds.map((round) => addedIn(round, name, of));
    for (const name of names) {
      const [p50, p99] = [median(of(name, ({ p50Ms }) => p50Ms)), median(of(name, ({ p99Ms }) => p99Ms))];
      say(
        `| ${[name, p50.toFixed(2), p99.toFixed(2), ...(name === 'direct' ? ['', ''] : [median(added(name)).toFixed(2), median(added(name, 'p99Ms')).toFixed(2)])].join(' | ')} |`,
      );
    }
    const parts = (read: (round: Record<string, Wrk>) => number) => rounds.map(read);
    if (connections === 1) {
      const mine = median(added('router'));
      verdict('added p50, ms', mine, ADDED_P50_MS);
      const ratios = parts((round) => addedIn(round, 'router') / addedIn(round, 'portkey'));
      verdict('added p50, part of Portkey’s', median(ratios), ADDED_PART, Math.max(...ratios));
    } else {
      const ratios = parts((round) => addedIn(round, 'router', 'p99Ms') / addedIn(round, 'portkey', 'p99Ms'));
      verdict('added p99, part of Portkey’s', median(ratios), P99_PART, Math.max(...ratios));
    }
    say('');
  }
}

function addedIn(round: Record<string, Wrk>, name: string, of: 'p50Ms' | 'p99Ms' = 'p50Ms'): number {
  return (round[name] as Wrk)[of] - (round['direct'] as Wrk)[of];
}

function verdict(what: string, value: number, most: number, worst?: number): void {
  const told = worst === undefined ? '' : ` (worst round ${worst.toFixed(2)})`;
  say(`${what}: ${value.toFixed(2)}${told}, at most ${most}: ${value <= most ? 'reached' : 'missed'}`);
}
