import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { type Measurement } from '@muster/contracts';
import { simulatedFleet } from '@muster/testing';
import { type WebSocket, WebSocketServer } from 'ws';

// The process that plays the nodes of a bench: so many of them, each with 50 values once a second, all spread over the second.
// Told on its command line how many, and how many seconds of samples each has from before.
const [count = 0, secondsBefore = 0] = process.argv.slice(2).map(Number);
const GPUS = 8;
const GIB = 1024 ** 3;
const hardware = {
  gpus: Array.from({ length: GPUS }, (_, index) => ({
    ...{ index, name: 'Simulated GPU', vendor: 'other' as const },
    ...{ memoryTotalBytes: 24 * GIB, unifiedMemory: false },
  })),
};

const { nodes, accessKey } = await simulatedFleet(count, { everyMs: 0, hardware });
nodes.forEach((node, n) => {
  for (let ago = secondsBefore; ago > 0; ago -= 1) node.sample(fiftyValues(n + secondsBefore - ago), ago * 1_000);
});
const [first] = nodes;
// Beside the links stands a server that does nothing else: whoever comes to `/<n>` gets the samples of that node as they are taken.
const listeners = new Map<number, Set<WebSocket>>();
const direct = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
direct.on('connection', (socket, { url = '/' }) => {
  const n = Number(url.slice(1));
  const those = listeners.get(n) ?? new Set();
  listeners.set(n, those.add(socket));
  socket.on('close', () => those.delete(socket));
});
await once(direct, 'listening');
const address = direct.address();
process.send?.({
  ...{ accessKey, certificate: first?.certificate, ports: nodes.map(({ port }) => port) },
  directPort: typeof address === 'object' ? address?.port : undefined,
});
process.on('disconnect', () => process.exit(0));

// One timer for all: a thousandth of the nodes each millisecond of a second of 1,000, as they would come by themselves.
let taken = 0;
const beganMs = performance.now();
setInterval(() => {
  const due = Math.floor(((performance.now() - beganMs) / 1_000) * count);
  for (; taken < due; taken += 1) take(taken % count, fiftyValues(taken));
}, 2);

/** One after the other in turns, so that neither way is always the second. */
function take(n: number, measurement: Partial<Measurement>): void {
  const directFirst = Math.floor(taken / count) % 2 === 0;
  if (directFirst) sendDirectly(n, measurement);
  nodes[n]?.sample(measurement);
  if (!directFirst) sendDirectly(n, measurement);
}

function sendDirectly(n: number, measurement: Partial<Measurement>): void {
  const those = listeners.get(n);
  if (those === undefined) return;
  const text = JSON.stringify({ type: 'samples', samples: [{ seq: taken, measurement }] });
  for (const socket of those) socket.send(text);
}

/** Three about memory and processor, three loads, five of each graphics processor, four of an executor. The first load is now. */
function fiftyValues(beat: number): Partial<Measurement> {
  const wave = (period: number, height: number) => Math.round(height * 5 * (1 + Math.sin(beat / period))) / 10;
  return {
    cpuPercent: wave(10, 100),
    memoryUsedBytes: 8 * GIB + beat * 4_096,
    memoryTotalBytes: 32 * GIB,
    load: [performance.timeOrigin + performance.now(), wave(20, 8), wave(30, 8)],
    gpus: Array.from({ length: GPUS }, (_, index) => ({
      index,
      utilisationPercent: wave(7 + index, 100),
      memoryUsedBytes: 2 * GIB + ((beat * 65_536) % GIB),
      memoryTotalBytes: 24 * GIB,
      temperatureCelsius: 40 + wave(40 + index, 40),
      powerWatts: 50 + wave(9 + index, 250),
    })),
    executors: [{ executorId: 'one', inFlight: beat % 4, queued: beat % 2, requests: beat + 1_000_000, errors: 3 }],
  };
}
