import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificate } from '@muster/contracts';
import { makeCertificate } from '@muster/node-link';
import { findOnPath } from '../programs/find.js';
import { run } from '../programs/run.js';
import { freePort } from '../ports.js';
import { heapArguments } from '../start/memory.js';
import { CannotGoOn } from '../terminal.js';
import { answers, type Child, child } from './child.js';

const PORTKEY = '1.15.2';

/** The program, or one line that says how to get it. */
export async function debianProgram(name: string, packageName = name): Promise<string> {
  const found = (await findOnPath(name)) ?? (await findInSbin(name));
  if (found === undefined) throw new CannotGoOn(`${name} is not there: apt-get install ${packageName}`);
  return found;
}

const findInSbin = async (name: string): Promise<string | undefined> =>
  run(`/usr/sbin/${name}`, ['-v']).then(
    () => `/usr/sbin/${name}`,
    () => undefined,
  );

export interface Upstream extends Child {
  readonly plainPort: number;
  readonly tlsPort: number;
  readonly certificate: Certificate;
  readonly certificateFile: string;
}

/** An answer of 1 KB, as an engine's. */
const answer = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_764_000_000,
  model: 'bench',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'lorem ipsum '.repeat(58).trim() }, finish_reason: 'stop' },
  ],
  usage: { prompt_tokens: 180, completion_tokens: 116, total_tokens: 296 },
});

/** nginx that answers every request with the same 1 KB, in clear and over TLS; one worker. */
export async function nginxAnswering(folder: string): Promise<Upstream> {
  return nginx(folder, () => `default_type application/json; return 200 '${answer}';`);
}

/** nginx in front of somebody else, passing on each part as it comes. */
export const nginxUnbuffered = (folder: string, to: { port: number }): Promise<Upstream> =>
  nginx(
    folder,
    () =>
      `proxy_pass https://upstream; proxy_ssl_verify off; proxy_ssl_protocols TLSv1.3; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_buffering off;`,
    `upstream upstream { server 127.0.0.1:${to.port}; keepalive 128; }`,
  );

async function nginx(folder: string, location: () => string, http = ''): Promise<Upstream> {
  const program = await debianProgram('nginx', 'nginx-light');
  await mkdir(folder, { recursive: true });
  const own = await makeCertificate({ hostname: 'bench' });
  const [keyFile, certificateFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await writeFile(keyFile, own.keyPem, { mode: 0o600 });
  await writeFile(certificateFile, own.certPem);
  const [plainPort, tlsPort] = [await freePort(), await freePort()];
  const config = join(folder, 'nginx.conf');
  await writeFile(
    config,
    `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log crit;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 10000000; keepalive_timeout 120s; client_body_in_single_buffer on;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  ${http}
  server {
    listen 127.0.0.1:${plainPort}; listen 127.0.0.1:${tlsPort} ssl;
    ssl_certificate ${certificateFile}; ssl_certificate_key ${keyFile}; ssl_protocols TLSv1.3;
    location / { ${location()} }
  }
}
`,
  );
  const running = await child('nginx', program, ['-c', config, '-p', folder], () =>
    fetch(`http://127.0.0.1:${plainPort}/up`).then((response) => response.body?.cancel()),
  );
  return {
    ...running,
    plainPort,
    tlsPort,
    certificateFile,
    certificate: { fingerprint: own.fingerprint, pem: own.certPem },
  };
}

/** HAProxy in front of the upstream, doing what the router has to do as well: TLS to it, its certificate checked, connections kept. */
export async function haproxy(
  folder: string,
  { tlsPort, certificateFile }: Upstream,
): Promise<Child & { url: string }> {
  const program = await debianProgram('haproxy');
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const config = join(folder, 'haproxy.cfg');
  await writeFile(
    config,
    `global
  maxconn 4096
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend applications
  bind 127.0.0.1:${port}
  default_backend nodes
backend nodes
  http-reuse always
  server node 127.0.0.1:${tlsPort} ssl verify required ca-file ${certificateFile} alpn http/1.1
`,
  );
  const url = `http://127.0.0.1:${port}`;
  const running = await child('haproxy', program, ['-db', '-f', config], () => answers(`${url}/up`));
  return { ...running, url };
}

/** node:http and undici with TLS in between and nothing else, in a process of its own: what the router could cost at the least. */
export async function bareProxy({ tlsPort, certificateFile }: Upstream): Promise<Child & { url: string }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const program = join(import.meta.dirname, 'bare-proxy.js');
  const args = [...heapArguments('router'), program, String(port), String(tlsPort), certificateFile];
  const running = await child('bare proxy', process.execPath, args, () => answers(`${url}/up`, { method: 'POST' }), {
    ...process.env,
    NODE_OPTIONS: '',
  });
  return { ...running, url };
}

/**
 * Portkey's gateway, fetched from npm into a folder when the bench runs, so that neither the lockfile nor an installation carries what
 * only a comparison needs. It speaks to the upstream in clear, which costs it less than what the router does.
 */
export async function portkey(
  folder: string,
  { plainPort }: Upstream,
): Promise<Child & { url: string; headers: Record<string, string> }> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', `@portkey-ai/gateway@${PORTKEY}`], {
    cwd: folder,
  });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const headers = {
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${plainPort}/v1`,
    authorization: 'Bearer none',
    'content-type': 'application/json',
  };
  const program = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  const running = await child(
    'Portkey',
    process.execPath,
    [program, `--port=${port}`, '--headless'],
    () => answers(`${url}/v1/chat/completions`, { method: 'POST', headers, body: '{"model":"bench","messages":[]}' }),
    { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
  );
  return { ...running, url, headers };
}
