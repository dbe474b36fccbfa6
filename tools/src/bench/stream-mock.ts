import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

// An engine's stream without an engine, as a process of its own: 50 parts, 20 ms apart, each with the moment it was sent.
// node stream-mock.js <plain port> <TLS port> <key file> <certificate file>
const [, , plainPort = '', tlsPort = '', keyFile = '', certificateFile = ''] = process.argv;
const PARTS = 50;
const EVERY_MS = 20;

const part = (content: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;

const stream: RequestListener = (request, response) => {
  request.resume();
  request.once('end', () => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let sent = 0;
    const send = () => {
      // The system's monotonic clock, which every process on the machine shares.
      response.write(part(`@${process.hrtime.bigint()}`));
      sent += 1;
      if (sent < PARTS) return;
      clearInterval(timer);
      response.end('data: [DONE]\n\n');
    };
    const timer = setInterval(send, EVERY_MS);
    response.once('close', () => clearInterval(timer));
    send();
  });
};

const keep = { keepAliveTimeout: 120_000 };
createServer(keep, stream).listen(Number(plainPort), '127.0.0.1');
createTlsServer(
  { ...keep, key: readFileSync(keyFile), cert: readFileSync(certificateFile), minVersion: 'TLSv1.3' },
  stream,
).listen(Number(tlsPort), '127.0.0.1');
