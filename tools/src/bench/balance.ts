import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeCertificate, type OwnCertificate } from '@muster/node-link';
import { say } from '../terminal.js';
import { inTemporaryFolder } from './folder.js';
import { machine, quantile } from './rounds.js';
import { routerBed } from './router-bed.js';

// `npm run bench -- balance`: how evenly the nodes share recorded work, and how soon one that becomes slow gets less of it.
const WINDOW_MS = 5_000;
const WINDOWS = 5;
const SERVICE_MS = 250;
/** The part of all slots that the arrivals keep in use. */
const LOAD = 0.6;
const SLOWER = 10;
const BARS = { equal: 0.98, unequal: 0.95, slowShare: 0.35 };

interface Arrival {
  readonly atMs: number;
  readonly serviceMs: number;
}

/** Arrivals at random and service times of which a few are long, the same at every run. */
function record(slots: number, seed: number): Arrival[] {
  let state = seed;
  const random = () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const gapMs = SERVICE_MS / (slots * LOAD);
  const arrivals: Arrival[] = [];
  for (let atMs = 0; atMs < WINDOWS * WINDOW_MS; atMs += -Math.log(1 - random()) * gapMs)
    arrivals.push({ atMs, serviceMs: -Math.log(1 - random()) * SERVICE_MS });
  return arrivals;
}

/** A node that takes as long as each request says, times how slow it is, and counts how long it was busy in each window. */
class TimedNode {
  readonly busyMs = new Array<number>(WINDOWS).fill(0);
  readonly taken = new Array<number>(WINDOWS).fill(0);
  slower = 1;
  beganMs = 0;
  readonly #server: Server;

  constructor(own: OwnCertificate) {
    this.#server = createServer({ key: own.keyPem, cert: own.certPem, minVersion: 'TLSv1.3' }, (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { service_ms: serviceMs } = JSON.parse(Buffer.concat(parts).toString()) as { service_ms: number };
        const fromMs = performance.now() - this.beganMs;
        const window = Math.floor(fromMs / WINDOW_MS);
        if (window < WINDOWS) this.taken[window] = (this.taken[window] ?? 0) + 1;
        setTimeout(() => {
          this.#count(fromMs, performance.now() - this.beganMs);
          response.writeHead(200, { 'content-type': 'application/json' });
          response.end('{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}');
        }, serviceMs * this.slower);
      });
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #count(fromMs: number, untilMs: number): void {
    for (let window = 0; window < WINDOWS; window += 1) {
      const [begin, end] = [window * WINDOW_MS, (window + 1) * WINDOW_MS];
      this.busyMs[window] = (this.busyMs[window] ?? 0) + Math.max(0, Math.min(end, untilMs) - Math.max(begin, fromMs));
    }
  }
}

/** Jain's index: 1 when all are equal, one part of their number when one has everything. */
const jain = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) ** 2 /
  (values.length * values.reduce((sum, value) => sum + value * value, 0));

/** The same arrivals given in turn, each node with a queue of its own: how evenly its slots would have been used. */
function roundRobin(arrivals: readonly Arrival[], slots: readonly number[]): number[] {
  const free = slots.map((count) => new Array<number>(count).fill(0));
  const busy = slots.map(() => new Array<number>(WINDOWS).fill(0));
  for (const [n, { atMs, serviceMs }] of arrivals.entries()) {
    const node = n % slots.length;
    const own = free[node] ?? [];
    const slot = own.indexOf(Math.min(...own));
    const fromMs = Math.max(atMs, own[slot] ?? 0);
    own[slot] = fromMs + serviceMs;
    const window = Math.floor(fromMs / WINDOW_MS);
    const counts = busy[node];
    if (counts !== undefined && window < WINDOWS) counts[window] = (counts[window] ?? 0) + serviceMs;
  }
  return windowsOf((window) => jain(busy.map((counts, node) => (counts[window] ?? 0) / (slots[node] ?? 1))));
}

const windowsOf = (read: (window: number) => number): number[] => Array.from({ length: WINDOWS }, (_, n) => read(n));

async function replay(title: string, slots: readonly number[], slowNode?: number): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const own = await makeCertificate({ hostname: 'bench' });
    const nodes = slots.map(() => new TimedNode(own));
    const certificate = { pem: own.certPem, fingerprint: own.fingerprint };
    const listed = await Promise.all(
      nodes.map(async (node, n) => ({
        ...{ name: `node-${n + 1}`, host: '127.0.0.1', port: await node.listen(), certificate },
        ...{ ticket: 'bench-ticket', slots: slots[n] ?? 1 },
      })),
    );
    const bed = await routerBed(join(folder, 'muster'), listed);
    try {
      const ask = async (serviceMs: number): Promise<number> => {
        const answer = await fetch(`${bed.url}/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${bed.key}`, 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'bench', messages: [], service_ms: serviceMs }),
        });
        await answer.text();
        return answer.status;
      };
      await Promise.all(Array.from({ length: 8 }, () => ask(50)));
      const arrivals = record(
        slots.reduce((sum, each) => sum + each, 0),
        7,
      );
      const beganMs = performance.now();
      for (const node of nodes) {
        node.beganMs = beganMs;
        node.busyMs.fill(0);
        node.taken.fill(0);
      }
      if (slowNode !== undefined) setTimeout(() => ((nodes[slowNode] as TimedNode).slower = SLOWER), WINDOW_MS);
      const asked: Promise<number>[] = [];
      for (const { atMs, serviceMs } of arrivals) {
        const waitMs = beganMs + atMs - performance.now();
        if (waitMs > 0) await sleep(waitMs);
        asked.push(ask(serviceMs));
      }
      const statuses = await Promise.all(asked);
      const failed = statuses.filter((status) => status !== 200).length;
      say(`${title}: ${arrivals.length} requests over ${slots.join(' : ')} slots, ${failed} not served`);
      if (slowNode === undefined) evenness(nodes, slots, arrivals);
      else slowShare(nodes, slots, slowNode);
      say('');
    } finally {
      await bed.stop();
      for (const node of nodes) node.close();
    }
  });
}

function evenness(nodes: readonly TimedNode[], slots: readonly number[], arrivals: readonly Arrival[]): void {
  const mine = windowsOf((window) => jain(nodes.map(({ busyMs }, n) => (busyMs[window] ?? 0) / (slots[n] ?? 1))));
  const turns = roundRobin(arrivals, slots);
  const bar = new Set(slots).size === 1 ? BARS.equal : BARS.unequal;
  const told = (values: readonly number[]) =>
    `${quantile(values, 0.5).toFixed(3)} (worst window ${Math.min(...values).toFixed(3)})`;
  say(
    `Jain’s index over 5 s: router ${told(mine)}, in turns ${told(turns)}, at least ${bar}: ${quantile(mine, 0.5) >= bar ? 'reached' : 'missed'}`,
  );
}

function slowShare(nodes: readonly TimedNode[], slots: readonly number[], slow: number): void {
  const all = slots.reduce((sum, each) => sum + each, 0);
  const parts = windowsOf((window) => {
    const taken = nodes.reduce((sum, node) => sum + (node.taken[window] ?? 0), 0);
    return (nodes[slow]?.taken[window] ?? 0) / taken / ((slots[slow] ?? 1) / all);
  });
  const after = parts[2] ?? 1;
  say(
    `a node that becomes ${SLOWER} times slower after the first 5 s gets, of its fair share, ${parts.map((part) => part.toFixed(2)).join(', ')} in each 5 s; after 5 s at most ${BARS.slowShare}: ${after <= BARS.slowShare ? 'reached' : 'missed'}`,
  );
}

say(machine());
await replay('equal nodes', [4, 4, 4, 4]);
await replay('unequal nodes', [2, 4, 8]);
await replay('one node becomes slow', [4, 4, 4, 4], 3);
