// What an engine's process is to the node, without a model: it loads for a while, listens, answers in OpenAI shape, and ends
// when it is asked to, or does not. Told what to do by the words in its first argument.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

const told = new Set((process.argv[2] ?? '').split(' '));
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

console.log('loading the model');
if (told.has('fails')) {
  for (let n = 1; n <= 60; n += 1) console.log(`problem ${n}`);
  process.exit(3);
}
if (told.has('slow')) await wait(1_500);
if (told.has('with-child')) spawn('sleep', ['1000'], { stdio: 'ignore' });
process.on('SIGTERM', () => {
  if (told.has('stubborn')) return console.log('will not end');
  process.exit(0);
});

let calls = 0;
let left = 0;
const server = createServer(async (request, response) => {
  if (request.url === '/counts') return response.end(JSON.stringify({ calls, left }));
  calls += 1;
  let text = '';
  for await (const part of request) text += part;
  const body = JSON.parse(text || '{}');
  let gone = false;
  response.on('close', () => {
    if (response.writableFinished) return;
    gone = true;
    left += 1;
  });
  if (body.status !== undefined)
    return response.writeHead(body.status).end(JSON.stringify({ error: { message: 'told so' } }));
  if (body.dies === true) process.exit(9);
  response.writeHead(200, { 'content-type': body.stream ? 'text/event-stream' : 'application/json' });
  for (let n = 1; n <= (body.tokens ?? 3) && !gone; n += 1) {
    if (body.everyMs) await wait(body.everyMs);
    if (body.stream) {
      const taken = response.write(`data: {"n":${n},"fill":"${'x'.repeat(body.fill ?? 0)}"}\n\n`);
      if (!taken && !gone)
        await Promise.race([new Promise((resolve) => response.once('drain', resolve)), wait(60_000)]);
    }
    if (body.diesAfter === n) process.exit(9);
  }
  response.end(body.stream ? 'data: [DONE]\n\n' : JSON.stringify({ url: request.url, model: body.model }));
});
server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
