import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeCertificate } from '@muster/node-link';
import { freePort } from '../ports.js';
import { say } from '../terminal.js';
import { type Child, child } from './child.js';
import { inTemporaryFolder } from './folder.js';
import { nginxUnbuffered } from './peers.js';
import { machine, quantile } from './rounds.js';
import { routerBed } from './router-bed.js';
import { chatBody, type WrkTarget } from './wrk.js';

// `npm run bench -- streams`: how much later the first token of a stream comes by way of the router, and each one after it.
const WAVES = 3;
const ADDED_BARS = { 10: 5, 100: 25 } as const;
const [DELAY_TIMES, DELAY_MORE_MS] = [3, 5];

interface Told {
  readonly firstMs: number[];
  readonly delaysMs: number[];
}

await inTemporaryFolder(async (folder) => {
  const children: Pick<Child, 'stop'>[] = [];
  const held = async <T extends Pick<Child, 'stop'>>(made: Promise<T>): Promise<T> => {
    const one = await made;
    children.push(one);
    return one;
  };
  try {
    say(machine());
    const own = await makeCertificate({ hostname: 'bench' });
    const files = [join(folder, 'key.pem'), join(folder, 'cert.pem')] as const;
    await writeFile(files[0], own.keyPem, { mode: 0o600 });
    await writeFile(files[1], own.certPem);
    const [plain, tls] = [await freePort(), await freePort()];
    const mock = join(import.meta.dirname, 'stream-mock.js');
    const direct = { url: `http://127.0.0.1:${plain}`, headers: {} };
    const ready = () => stream(new Agent(), direct).then(() => undefined);
    await held(child('mock', process.execPath, [mock, String(plain), String(tls), ...files], ready));
    const nginx = await held(nginxUnbuffered(join(folder, 'nginx'), { port: tls }));
    const certificate = { pem: own.certPem, fingerprint: own.fingerprint };
    const node = { name: 'mock', host: '127.0.0.1', port: tls, certificate, ticket: 'bench-ticket', slots: 256 };
    const bed = await held(routerBed(join(folder, 'muster'), [node]));
    const targets = {
      direct,
      nginx: { url: `http://127.0.0.1:${nginx.plainPort}`, headers: {} },
      router: { url: bed.url, headers: { authorization: `Bearer ${bed.key}` } },
    } satisfies Record<string, WrkTarget>;
    for (const together of [10, 100] as const) await compare(targets, together);
  } finally {
    for (const each of children.reverse()) await each.stop();
  }
});

async function compare(targets: Record<'direct' | 'nginx' | 'router', WrkTarget>, together: 10 | 100): Promise<void> {
  const names = ['direct', 'nginx', 'router'] as const;
  const agents = Object.fromEntries(names.map((name) => [name, new Agent({ keepAlive: true, maxSockets: 256 })]));
  const told: Record<(typeof names)[number], Told[]> = { direct: [], nginx: [], router: [] };
  for (let wave = -1; wave < WAVES; wave += 1)
    for (const name of names) {
      const all = await Promise.all(
        Array.from({ length: together }, () => stream(agents[name] as Agent, targets[name])),
      );
      if (wave >= 0)
        told[name].push({
          firstMs: all.map(({ firstMs }) => firstMs),
          delaysMs: all.flatMap(({ delaysMs }) => delaysMs),
        });
      await sleep(300);
    }
  for (const agent of Object.values(agents)) agent.destroy();
  const of = (name: (typeof names)[number], read: (each: Told) => number[], part: number) =>
    quantile(told[name].flatMap(read), part);
  say(`| ${together} streams together | first token p50, ms | p99 | delay of each part p50, ms | p99 |`);
  say('| --- | ---: | ---: | ---: | ---: |');
  for (const name of names) {
    const first = [0.5, 0.99].map((part) => of(name, ({ firstMs }) => firstMs, part).toFixed(1));
    const delay = [0.5, 0.99].map((part) => of(name, ({ delaysMs }) => delaysMs, part).toFixed(1));
    say(`| ${name} | ${[...first, ...delay].join(' | ')} |`);
  }
  const added = of('router', ({ firstMs }) => firstMs, 0.5) - of('direct', ({ firstMs }) => firstMs, 0.5);
  verdict('first token, added p50, ms', added, ADDED_BARS[together]);
  const nginx = of('nginx', ({ delaysMs }) => delaysMs, 0.99);
  verdict(
    'delay p99, ms',
    of('router', ({ delaysMs }) => delaysMs, 0.99),
    DELAY_TIMES * nginx + DELAY_MORE_MS,
  );
  say('');
}

/** One stream: when its first part came, and how long each part was on its way. */
function stream(agent: Agent, { url, headers }: WrkTarget): Promise<{ firstMs: number; delaysMs: number[] }> {
  return new Promise((resolve, reject) => {
    const sentMs = performance.now();
    let firstMs = 0;
    const delaysMs: number[] = [];
    const sent = request(
      `${url}/v1/chat/completions`,
      { method: 'POST', agent, headers: { ...headers, 'content-type': 'application/json' } },
      (response) => {
        if (response.statusCode !== 200) reject(new Error(`${url} answers ${response.statusCode}`));
        response.setEncoding('latin1');
        response.on('data', (text: string) => {
          const now = process.hrtime.bigint();
          if (firstMs === 0) firstMs = performance.now() - sentMs;
          for (const [, stamp = '0'] of text.matchAll(/@(\d+)/g)) delaysMs.push(Number(now - BigInt(stamp)) / 1e6);
        });
        response.on('end', () => resolve({ firstMs, delaysMs }));
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(
      JSON.stringify({ ...(JSON.parse(chatBody) as object), stream: true, stream_options: { include_usage: true } }),
    );
  });
}

function verdict(what: string, value: number, most: number): void {
  say(`${what}: ${value.toFixed(1)}, at most ${most.toFixed(1)}: ${value <= most ? 'reached' : 'missed'}`);
}
