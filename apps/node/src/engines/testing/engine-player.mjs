// @ts-check
// A program that tests start as a process of its own: it plays the servers that engines 2 and 3 talk to, on a real socket.
//   llama-server: called as such, with its options           other servers: --play vllm|ollama|lm-studio|plain --port 0
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const args = process.argv.slice(2);
/** @param {string} name */
const option = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);

if (args.includes('--version')) {
  process.stderr.write('version: 9999 (0123abcd)\nbuilt with a test\n');
  process.exit(0);
}

const play = option('--play') ?? 'llama-server';
const name = option('--alias') ?? option('--model') ?? 'played';
let loaded = play !== 'llama-server';
let inFlight = 0;
let predicted = 0;
const owner =
  { vllm: 'vllm', ollama: 'library', 'lm-studio': 'organization_owner', plain: 'somebody' }[play] ?? 'llamacpp';

/** @type {Record<string, () => unknown>} */
const answers = {
  '/v1/models': () => ({ object: 'list', data: [{ id: name, object: 'model', owned_by: owner, max_model_len: 8192 }] }),
  ...(play === 'llama-server'
    ? {
        '/health': () => ({ status: 'ok' }),
        '/props': () => ({
          total_slots: Number(option('--parallel')),
          default_generation_settings: { n_ctx: Number(option('--ctx-size')) / Number(option('--parallel')) },
          arguments: args,
          environment: Object.keys(process.env),
        }),
      }
    : {}),
  ...(play === 'vllm' ? { '/version': () => ({ version: '0.99.0' }) } : {}),
  ...(play === 'ollama'
    ? {
        '/api/version': () => ({ version: '0.50.0' }),
        '/api/tags': () => ({
          models: [
            {
              name: 'chatty:8b',
              size: 4_000_000_000,
              details: { family: 'llama', parameter_size: '8.0B', quantization_level: 'Q4_K_M' },
            },
            {
              name: 'nomic-embed-text:latest',
              size: 270_000_000,
              details: { family: 'nomic-bert', parameter_size: '137M' },
            },
            { size: 'not one' },
          ],
        }),
        '/api/ps': () => ({ models: [{ name: 'chatty:8b', size_vram: 5_000_000_000, context_length: 4096 }] }),
      }
    : {}),
  ...(play === 'lm-studio'
    ? {
        '/api/v0/models': () => ({
          data: [
            {
              id: 'studio-model',
              type: 'llm',
              arch: 'qwen2',
              quantization: '4bit',
              state: 'not-loaded',
              max_context_length: 32768,
            },
          ],
        }),
      }
    : {}),
};
const metrics = () =>
  play === 'vllm'
    ? `# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{model_name="${name}"} 3.0\nvllm:num_requests_waiting{model_name="${name}"} 2.0\nvllm:generation_tokens_total{model_name="${name}"} 1000.0\n`
    : `llamacpp:requests_processing ${inFlight}\nllamacpp:requests_deferred 0\nllamacpp:tokens_predicted_total ${predicted}\n`;

const server = createServer((request, response) => {
  const path = request.url ?? '';
  const json = (/** @type {number} */ status, /** @type {unknown} */ body) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const key = option('--key');
  if (key !== undefined && request.headers.authorization !== `Bearer ${key}`) return void json(401, { error: 'key' });
  if (!loaded) return void json(503, { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } });
  if (path === '/metrics' && ['vllm', 'llama-server'].includes(play)) return void response.end(metrics());
  if (path === '/v1/chat/completions') return void chat(response);
  const answer = answers[path];
  if (answer === undefined) return void json(404, { error: 'not found' });
  json(200, answer());
});

/** @param {import('node:http').ServerResponse} response */
async function chat(response) {
  inFlight += 1;
  response.once('close', () => (inFlight -= 1));
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (let n = 0; n < 20 && !response.destroyed; n += 1) {
    response.write(`data: ${JSON.stringify({ choices: [{ delta: { content: 'word ' } }] })}\n\n`);
    predicted += 1;
    await sleep(20);
  }
  response.end('data: [DONE]\n\n');
}

if (play !== 'llama-server') {
  server.listen(Number(option('--port') ?? 0), '127.0.0.1', () => {
    const address = server.address();
    process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
  });
} else {
  process.on('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
  server.listen(option('--host'));
  process.stderr.write('I main: loading model\n');
  const content = readFileSync(option('--model') ?? '', 'utf8');
  for (let dot = 0; dot < 100; dot += 1) {
    process.stderr.write('.');
    if (dot % 10 === 0) await sleep(10);
    if (content === 'broken' && dot === 50) {
      process.stderr.write('\nE load_model: failed to load the model\n');
      process.exit(1);
    }
  }
  process.stderr.write('\nW srv: a warning\n');
  if (content !== 'slow') loaded = true;
}
