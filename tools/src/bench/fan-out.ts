import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, connectBus } from '@muster/bus';
import { CheckSession, commandSubject, type NodeSample, NodeState, ReadSamples } from '@muster/contracts';
import { makeCertificate } from '@muster/node-link';
import * as z from 'zod';
import { freePort } from '../ports.js';
import { answers, child } from './child.js';
import { ownUsageOf } from './cpu.js';
import { profiled } from './profiled.js';
import { compare, machine, type Turn } from './rounds.js';
import { heapArguments } from '../start/memory.js';
import { say } from '../terminal.js';
import { benchNats } from './stores.js';
import { registeredNode, tellFacts } from './tell-facts.js';

// `npm run bench -- fan-out`: what the Gateway takes for a message that it delivers to a browser, against a server that does nothing else.
const SOCKETS = 200;
/** A session may have 20. */
const SOCKETS_A_SESSION = 20;
const EVERY_MS = 40;
const TURN_MS = 3_000;
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../..');
const nodeId = randomUUID();
const run = randomUUID();
const Counts = z.object({ gateway: z.number(), bare: z.number(), open: z.number() });

let seq = 0;

const stops: (() => Promise<unknown>)[] = [];
try {
  say(machine());
  await measure();
} finally {
  for (const stop of stops.reverse()) await stop();
}

async function measure(): Promise<void> {
  const nats = await benchNats();
  stops.push(() => nats.stop());
  const bus = await connectBus({ servers: nats.url, name: 'bench' });
  stops.push(() => bus.close());
  await bus.assertStreams();
  await playRegistryAndMonitor(bus);
  const port = await freePort();
  const gateway = await child(
    'gateway',
    process.execPath,
    [...heapArguments('gateway'), ...profiled(), join(root, 'apps/gateway/dist/main.js')],
    () => answers(`http://127.0.0.1:${port}/health/ready`),
    {
      ...process.env,
      ...{ NATS_URL: nats.url, PORT: String(port), HOST: '127.0.0.1', PUBLIC_URL: `http://localhost:${port}` },
      ...{ LOG_LEVEL: 'warn', LOG_FORMAT: 'json', WEB_ROOT: join(root, 'apps/web/dist/browser') },
    },
  );
  stops.push(() => gateway.stop());
  const bare = await part('bare');
  const clients = await part('clients');
  const tokens = Array.from({ length: SOCKETS / SOCKETS_A_SESSION }, () => randomBytes(32).toString('base64url'));
  clients.process.send({
    order: 'listen',
    gateway: `http://127.0.0.1:${port}`,
    cookies: Array.from({ length: SOCKETS }, (_, n) => `__Host-muster-session=${tokens[n % tokens.length] ?? ''}`),
    nodeId,
    bare: `ws://127.0.0.1:${bare.port}`,
  });
  for (let opened = 0; opened < 2 * SOCKETS; opened = (await counts(clients.process)).open) await sleep(200);
  const text = `42["metrics:change",${JSON.stringify({ epoch: run, seq: 1, nodeId, samples: [sample()] })}]`;
  await compare(
    `a message of ${Buffer.byteLength(text)} bytes to one of ${SOCKETS} sockets`,
    {
      name: 'Gateway: a sample from the bus to the room of its node',
      turn: () =>
        turn(gateway.pid, clients.process, 'gateway', () => {
          const timer = setInterval(() => bus.publishSample(sample()), EVERY_MS);
          return () => clearInterval(timer);
        }),
    },
    [
      {
        name: 'ws: the same bytes to all its sockets',
        turn: () =>
          turn(bare.process.pid ?? 0, clients.process, 'bare', () => {
            bare.process.send({ order: 'broadcast', text, everyMs: EVERY_MS });
            return () => bare.process.send({ order: 'be-silent' });
          }),
        // At most 1.5 times the processor time.
        bar: 0.67,
      },
    ],
  );
}

async function turn(
  pid: number,
  clients: ChildProcess,
  side: 'gateway' | 'bare',
  begin: () => () => void,
): Promise<Turn> {
  const [before, usage, beganMs] = [await counts(clients), await ownUsageOf(pid), performance.now()];
  const end = begin();
  await sleep(TURN_MS);
  end();
  const wallMs = performance.now() - beganMs;
  // What is on its way arrives: nothing more is sent meanwhile.
  await sleep(300);
  const cpuMs = ((await ownUsageOf(pid)).cpuS - usage.cpuS) * 1_000;
  const units = (await counts(clients))[side] - before[side];
  if (units === 0) throw new Error('Nothing was delivered');
  return { units, wallMs, cpuMs };
}

/** 1 KB as it goes over the socket. */
function sample(): NodeSample {
  const gpu = { utilisationPercent: 41.5, memoryUsedBytes: 17_179_869_184, memoryTotalBytes: 25_769_803_776 };
  seq += 1;
  return {
    ...{ nodeId, run, seq, at: new Date().toISOString() },
    measurement: {
      ...{ cpuPercent: 12.5, memoryUsedBytes: 8_589_934_592, memoryTotalBytes: 34_359_738_368, load: [0.5, 0.5, 0.5] },
      gpus: Array.from({ length: 4 }, (_, index) => ({ index, ...gpu, temperatureCelsius: 61, powerWatts: 211.5 })),
    },
  };
}

/** Every session holds, and there is one node that is well. */
async function playRegistryAndMonitor(bus: Bus): Promise<void> {
  const at = new Date().toISOString();
  const sessions = new Map<string, string>();
  await bus.answer(CheckSession, ({ tokenHash }) => {
    const sessionId = sessions.get(tokenHash) ?? randomUUID();
    sessions.set(tokenHash, sessionId);
    const account = { accountId: sessionId, name: 'Bench', permissions: ['fleet:view' as const] };
    return Promise.resolve({ session: { sessionId, account, expiresAt: '2999-01-01T00:00:00.000Z' } });
  });
  await bus.answer(ReadSamples, () => Promise.resolve({ samples: [] }), {
    subject: commandSubject(ReadSamples, nodeId),
  });
  const { fingerprint, certPem: pem } = await makeCertificate({ hostname: 'bench' });
  const node = { name: 'bench', host: 'bench.lab', port: 8022, certificate: { fingerprint, pem } };
  await tellFacts(bus, registeredNode(nodeId, node));
  await bus.bucket('NODES', NodeState).put(nodeId, {
    ...{ nodeId, monitorId: 'bench', token: 1, executors: [] },
    status: { colour: 'green', reason: 'healthy', words: '', clears: '', since: at },
    link: { phase: 'up', since: at, frames: 'in-time' },
  });
  let pulses = 0;
  const pulse = setInterval(() => {
    bus.publishPulse({ monitorId: 'bench', seq: (pulses += 1), impaired: false, nodes: 1 });
  }, 1_000);
  stops.push(() => Promise.resolve(clearInterval(pulse)));
}

async function part(role: 'bare' | 'clients'): Promise<{ process: ChildProcess; port: number }> {
  const started = fork(join(import.meta.dirname, 'fan-out-parts.js'), [role], { execArgv: [] });
  stops.push(() => {
    started.kill('SIGKILL');
    return Promise.resolve();
  });
  const [told] = await once(started, 'message');
  return { process: started, port: z.object({ port: z.number() }).parse(told).port };
}

async function counts(clients: ChildProcess): Promise<z.infer<typeof Counts>> {
  const answer = once(clients, 'message');
  clients.send({ order: 'count' });
  return Counts.parse((await answer)[0]);
}
