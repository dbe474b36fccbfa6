import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Pool } from 'undici';

// `node bare-proxy.js <port> <port of the upstream> <certificate>`: what the router is made of, and nothing of the router. It passes a
// request on over TLS and the answer back: no key, no slot, no fact. No program of node:http and undici costs less.
const [port, upstreamPort, certificateFile = ''] = process.argv.slice(2);
const pool = new Pool(`https://127.0.0.1:${upstreamPort ?? ''}`, {
  connections: 64,
  pipelining: 1,
  connect: { ca: readFileSync(certificateFile), checkServerIdentity: () => undefined },
});

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const headers = ['content-type', 'application/json'];
    const said: Buffer[] = [];
    let status = 502;
    pool.dispatch(
      { path: request.url ?? '/', method: 'POST', headers, body: Buffer.concat(parts) },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, answered) => (status = answered),
        onResponseData: (_controller, part) => said.push(part),
        onResponseEnd: () => {
          const body = Buffer.concat(said).toString('latin1');
          response.writeHead(status, [...headers, 'content-length', String(body.length)]);
          response.end(body, 'latin1');
        },
        onResponseError: () => response.destroy(),
      },
    );
  });
});
server.listen(Number(port), '127.0.0.1');
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void pool.destroy();
});
