import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endWithTestRun, testRunFolder, until, writeTinyModel } from '@muster/testing';
import OpenAI from 'openai';
import type { Engine, EngineRun, ReadyRun, RunSpec } from '../engine.js';
import { testEngine } from './engine.fixture.js';
import { ENGINE_VERSION } from './release.js';

const SLOW_MS = 120_000;
jest.setTimeout(SLOW_MS);

let folder: string;
let engine: Engine & { close(): Promise<void> };
const chatModel = () => join(folder, 'tiny.gguf');
const embeddingModel = () => join(folder, 'tiny-embedding.gguf');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-engine-'));
  const project = join(import.meta.dirname, '../../..');
  const tsc = join(project, '../../node_modules/typescript/bin/tsc');
  const built = spawnSync(process.execPath, [tsc, '-b', join(project, 'tsconfig.lib.json')], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`The node does not compile:\n${built.stdout}`);
  writeTinyModel(chatModel());
  writeTinyModel(embeddingModel(), { kind: 'embedding' });
  engine = await testEngine(folder);
}, 600_000);
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Started {
  readonly run: EngineRun;
  readonly ready: ReadyRun;
  readonly progress: number[];
  readonly client: OpenAI;
  end(): Promise<void>;
}

/** The official client speaks TCP: a port in front of the run's socket. */
function portInFront(socketPath: string): Promise<Server> {
  const server = createServer((from) => {
    const to = connect(socketPath);
    from.pipe(to).pipe(from);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      one.once('error', () => other.destroy());
      one.once('close', () => other.destroy());
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

async function started(
  parameters: RunSpec['parameters'] = {},
  model: RunSpec['model'] = { name: 'tiny', kind: 'chat', path: chatModel() },
): Promise<Started> {
  const progress: number[] = [];
  const run = engine.start(
    { runId: 'test', model, parameters },
    { line: () => undefined, progress: (loaded) => progress.push(loaded) },
  );
  const ready = await run.ready;
  const server = await portInFront(ready.address.socketPath ?? '');
  const { port } = server.address() as AddressInfo;
  const client = new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: 'none', maxRetries: 0 });
  return {
    run,
    ready,
    progress,
    client,
    end: async () => {
      await run.stop(10_000);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const hello = [{ role: 'user' as const, content: 'Hello' }];
const weather = {
  type: 'function' as const,
  function: {
    name: 'weather',
    description: 'The weather of a city',
    parameters: {
      type: 'object',
      properties: { city: { enum: ['Bern', 'Oslo'] }, tomorrow: { type: 'boolean' } },
      required: ['city', 'tomorrow'],
      additionalProperties: false,
    },
  },
};
const alive = (pid: number) => existsSync(`/proc/${pid}`);

describe('A chat model on the built-in engine', () => {
  let tiny: Started;
  beforeAll(async () => {
    tiny = await started({ slots: 2, contextTokens: 2048 });
  });
  afterAll(() => tiny.end());

  it('tells how far it is loaded, and answers on a socket for its user alone', () => {
    expect(tiny.progress.at(-1)).toBe(1);
    expect(tiny.progress).toEqual([...tiny.progress].sort((a, b) => a - b));
    expect(tiny.ready).toMatchObject({ slots: 2, contextTokens: 2048 });
    expect(statSync(tiny.ready.address.socketPath ?? '').mode & 0o777).toBe(0o600);
  });

  it('lists itself under the name that it is served by', async () => {
    const { data } = await tiny.client.models.list();
    expect(data.map(({ id }) => id)).toEqual(['tiny']);
  });

  it('answers a chat, the same for the same seed, and says what it used', async () => {
    const ask = (seed: number) =>
      tiny.client.chat.completions.create({ model: 'tiny', messages: hello, max_tokens: 12, seed, temperature: 1 });
    const [one, again, other] = [await ask(1), await ask(1), await ask(2)];
    expect(one.choices[0]?.message.content).toHaveLength(12);
    expect(again.choices[0]?.message.content).toBe(one.choices[0]?.message.content);
    expect(other.choices[0]?.message.content).not.toBe(one.choices[0]?.message.content);
    expect(one.choices[0]?.finish_reason).toBe('length');
    expect(one.usage).toMatchObject({ completion_tokens: 12, total_tokens: (one.usage?.prompt_tokens ?? 0) + 12 });
  });

  it('evaluates only what a prompt does not share with the one before it', async () => {
    const history = [...hello, { role: 'assistant' as const, content: 'Yes?' }];
    await tiny.client.chat.completions.create({ model: 'tiny', messages: history, max_tokens: 1 });
    const { usage } = await tiny.client.chat.completions.create({
      model: 'tiny',
      messages: [...history, { role: 'user', content: 'Go on' }],
      max_tokens: 1,
    });
    expect(usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThan(20);
  });

  it('streams the same answer piece by piece, with its use at the end when asked for', async () => {
    const request = { model: 'tiny', messages: hello, max_tokens: 12, seed: 7 };
    const whole = await tiny.client.chat.completions.create(request);
    const stream = await tiny.client.chat.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(
      whole.choices[0]?.message.content,
    );
    expect(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual(['length']);
    expect(chunks.at(-1)?.usage).toMatchObject({ completion_tokens: 12 });
  });

  it('stops at a stop text and leaves it out', async () => {
    const request = { model: 'tiny', messages: hello, max_tokens: 40, seed: 11, temperature: 0 };
    const text = (await tiny.client.chat.completions.create(request)).choices[0]?.message.content ?? '';
    const stop = text.slice(10, 12);
    const stopped = await tiny.client.chat.completions.create({ ...request, stop });
    expect(stopped.choices[0]?.finish_reason).toBe('stop');
    expect(stopped.choices[0]?.message.content).toBe(text.slice(0, text.indexOf(stop)));
  });

  it('is held to a JSON schema', async () => {
    const { choices } = await tiny.client.chat.completions.create({
      model: 'tiny',
      messages: hello,
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'answer',
          strict: true,
          schema: {
            type: 'object',
            properties: {
              ok: { type: 'boolean' },
              who: { $ref: '#/$defs/person' },
              tags: { type: 'array', items: { enum: ['a', 'b'] }, minItems: 1, maxItems: 2 },
            },
            $defs: { person: { anyOf: [{ const: 'Ann' }, { type: 'null' }] } },
            required: ['ok', 'who', 'tags'],
            additionalProperties: false,
          },
        },
      },
    });
    const answer = JSON.parse(choices[0]?.message.content ?? '') as { ok: unknown; who: unknown; tags: unknown[] };
    expect(typeof answer.ok).toBe('boolean');
    expect(['Ann', null]).toContain(answer.who);
    expect(answer.tags.every((tag) => tag === 'a' || tag === 'b')).toBe(true);
    expect(choices[0]?.finish_reason).toBe('stop');
  });

  it('calls a tool when it must, whole and streamed, and reads what the tool said', async () => {
    const request = { model: 'tiny', messages: hello, tools: [weather], tool_choice: 'required' as const, seed: 3 };
    const { choices } = await tiny.client.chat.completions.create(request);
    const call = choices[0]?.message.tool_calls?.[0];
    if (call?.type !== 'function') throw new Error('No tool was called');
    expect(choices[0]?.finish_reason).toBe('tool_calls');
    expect(call.function.name).toBe('weather');
    const args = JSON.parse(call.function.arguments) as { city: string };
    expect(['Bern', 'Oslo']).toContain(args.city);

    const stream = tiny.client.chat.completions.stream(request);
    const streamed = (await stream.finalMessage()).tool_calls?.[0];
    expect(streamed?.type === 'function' ? streamed.function : undefined).toMatchObject(call.function);

    const after = await tiny.client.chat.completions.create({
      model: 'tiny',
      messages: [
        ...hello,
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: call.id, content: '{"sky": "clear"}' },
      ],
      tools: [weather],
      max_tokens: 5,
    });
    expect(after.choices[0]?.finish_reason).toBe('length');
  });

  it('continues a text', async () => {
    const request = { model: 'tiny', prompt: 'Once upon', max_tokens: 8, seed: 5 };
    const whole = await tiny.client.completions.create(request);
    expect(whole.choices[0]?.text).toHaveLength(8);
    let streamed = '';
    for await (const chunk of await tiny.client.completions.create({ ...request, stream: true }))
      streamed += chunk.choices[0]?.text ?? '';
    expect(streamed).toBe(whole.choices[0]?.text);
  });

  it('ends an answer within a token when its caller leaves, and frees the slot', async () => {
    const before = (await tiny.run.health()).generatedTokens ?? 0;
    const stream = await tiny.client.chat.completions.create({
      model: 'tiny',
      messages: hello,
      max_tokens: 1_900,
      stream: true,
    });
    for await (const chunk of stream) if ((chunk.choices[0]?.delta.content ?? '') !== '') break;
    stream.controller.abort();
    const health = await until(
      () => tiny.run.health(),
      ({ inFlight }) => inFlight === 0,
      { withinMs: 20_000 },
    );
    expect((health.generatedTokens ?? 0) - before).toBeLessThan(1_900);
  });

  it('answers as many at a time as it has slots, the others after them, and nobody gets the answer of another', async () => {
    const words = ['one', 'two', 'three', 'four', 'five', 'six'];
    const answers = await Promise.all(
      words.map(async (word) => {
        const schema = { type: 'object', properties: { word: { const: word } } };
        const { choices } = await tiny.client.chat.completions.create({
          model: 'tiny',
          messages: [{ role: 'user', content: `Say ${word}` }],
          response_format: { type: 'json_schema', json_schema: { name: 'word', schema } },
        });
        return (JSON.parse(choices[0]?.message.content ?? '') as { word: string }).word;
      }),
    );
    expect(answers).toEqual(words);
  });

  it('turns away what does not fit behind the slots, with the word to come again', async () => {
    const leave = new AbortController();
    const long = { model: 'tiny', messages: hello, max_tokens: 1_900, temperature: 0 };
    const many = Array.from({ length: 40 }, () =>
      tiny.client.chat.completions.create(long, { signal: leave.signal }).then(
        () => 'answered',
        (error: unknown) => (error instanceof OpenAI.APIError ? error : undefined),
      ),
    );
    const refused = await Promise.race(
      many.map(async (one) => {
        const error = await one;
        return error instanceof OpenAI.APIError && error.status === 503 ? error : new Promise<never>(() => undefined);
      }),
    );
    leave.abort();
    await Promise.all(many);
    expect(refused.status).toBe(503);
    expect(refused.headers?.get('retry-after')).toBe('1');
    expect(refused.code).toBe('queue_full');
    await until(
      () => tiny.run.health(),
      ({ inFlight, queued }) => inFlight === 0 && queued === 0,
      { withinMs: 20_000 },
    );
  });

  it.each([
    [
      'a prompt that is too long',
      { messages: [{ role: 'user', content: 'x'.repeat(5_000) }] },
      400,
      'messages',
      'context_length_exceeded',
    ],
    ['no messages', {}, 400, 'messages', 'missing_required_parameter'],
    [
      'a message without content',
      { messages: [{ role: 'user' }] },
      400,
      'messages[0].content',
      'missing_required_parameter',
    ],
    [
      'a picture',
      { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] },
      400,
      'messages[0].content[0]',
      'unsupported_parameter',
    ],
    ['several answers', { messages: hello, n: 2 }, 400, 'n', 'unsupported_parameter'],
    ['probabilities', { messages: hello, logprobs: true }, 400, 'logprobs', 'unsupported_parameter'],
    ['a temperature of 3', { messages: hello, temperature: 3 }, 400, 'temperature', 'invalid_value'],
    ['another model', { messages: hello, model: 'other' }, 404, 'model', 'model_not_found'],
    [
      'a strict schema with a pattern',
      {
        messages: hello,
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'x', strict: true, schema: { type: 'string', pattern: '^a' } },
        },
      },
      400,
      'response_format.json_schema.schema.pattern',
      'unsupported_parameter',
    ],
  ])('refuses %s by name and answers the next one', async (_what, body, status, param, code) => {
    const error = await tiny.client.post('/chat/completions', { body: { model: 'tiny', ...body } }).then(
      () => undefined,
      (failure: unknown) => failure as InstanceType<typeof OpenAI.APIError>,
    );
    expect(error).toMatchObject({ status, param, code });
    const next = await tiny.client.chat.completions.create({ model: 'tiny', messages: hello, max_tokens: 1 });
    expect(next.choices[0]?.message.content).toHaveLength(1);
  });

  it('makes no embeddings', async () => {
    await expect(tiny.client.embeddings.create({ model: 'tiny', input: 'x' })).rejects.toMatchObject({ status: 400 });
  });

  it('tells what it has done and how much memory it takes', async () => {
    const health = await tiny.run.health();
    expect(health.memoryBytes).toBeGreaterThan(10_000_000);
    expect(health.generatedTokens).toBeGreaterThan(0);
    expect(health.requests).toBeGreaterThan(0);
    expect(health.inFlight).toBe(0);
  });
});

describe('An embedding model on the built-in engine', () => {
  let tiny: Started;
  beforeAll(async () => {
    tiny = await started({}, { name: 'tiny-embedding', kind: 'embedding', path: embeddingModel() });
  });
  afterAll(() => tiny.end());

  it('makes vectors of length 1, the same for the same text, in both encodings', async () => {
    const input = ['a text', 'another text', 'a text'];
    const model = 'tiny-embedding';
    const { data, usage } = await tiny.client.embeddings.create({ model, input });
    const floats = await tiny.client.embeddings.create({ model, input: 'a text', encoding_format: 'float' });
    expect(data).toHaveLength(3);
    expect(data[2]?.embedding).toEqual(data[0]?.embedding);
    expect(data[1]?.embedding).not.toEqual(data[0]?.embedding);
    expect(Math.hypot(...(data[0]?.embedding ?? []))).toBeCloseTo(1, 5);
    expect(floats.data[0]?.embedding[0]).toBeCloseTo(data[0]?.embedding[0] ?? Number.NaN, 5);
    expect(usage.prompt_tokens).toBeGreaterThan(0);
  });

  it('refuses a text that is too long by its place, and does not chat', async () => {
    const model = 'tiny-embedding';
    await expect(tiny.client.embeddings.create({ model, input: ['a', 'x'.repeat(50_000)] })).rejects.toMatchObject({
      status: 400,
      param: 'input[1]',
      code: 'context_length_exceeded',
    });
    await expect(tiny.client.chat.completions.create({ model, messages: hello })).rejects.toMatchObject({
      status: 400,
    });
  });
});

describe('The life of a run', () => {
  it('says in words why a file can not be served', async () => {
    const path = join(import.meta.dirname, 'built-in.int.spec.ts');
    const run = engine.start(
      { runId: 'test', model: { name: 'x', kind: 'chat', path }, parameters: {} },
      { line: () => undefined, progress: () => undefined },
    );
    await expect(run.ready).rejects.toThrow(/./);
    expect((await run.exited).code).toBe(69);
  });

  it('answers what is at hand before it stops, and leaves nothing behind', async () => {
    const { run, ready, client, end } = await started({ contextTokens: 512 });
    const answer = client.chat.completions.create({ model: 'tiny', messages: hello, max_tokens: 300 });
    await until(
      () => run.health(),
      ({ inFlight }) => inFlight === 1,
      { withinMs: 20_000 },
    );
    await Promise.all([end(), answer]);
    expect((await answer).choices[0]?.message.content).toHaveLength(300);
    expect(await run.exited).toEqual({ code: 0, signal: null });
    expect(existsSync(ready.address.socketPath ?? '')).toBe(false);
  });

  it('is killed when what is at hand takes longer than the grace', async () => {
    const { run, client, end } = await started({ contextTokens: 2048 });
    const answer = client.chat.completions
      .create({ model: 'tiny', messages: hello, max_tokens: 2_000 })
      .catch(() => 'cut');
    await until(
      () => run.health(),
      ({ inFlight }) => inFlight === 1,
      { withinMs: 20_000 },
    );
    await run.stop(0);
    expect(await run.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(await answer).toBe('cut');
    expect(alive(run.pid ?? 0)).toBe(false);
    await end();
  });

  it('tells by which signal it was ended', async () => {
    const { run, end } = await started();
    process.kill(run.pid ?? 0, 'SIGKILL');
    expect(await run.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await expect(run.health()).rejects.toThrow();
    await end();
  });

  it('ends with its node, also one that is killed', async () => {
    const run = join(import.meta.dirname, '../../../dist/engines/built-in/built-in-run.js');
    const library = {
      folder: join(testRunFolder(), 'engines', `node-llama-cpp-${ENGINE_VERSION}-cpu`),
      backend: 'cpu',
    };
    const options = {
      program: join(import.meta.dirname, '../../../dist/engines/built-in/child/main.js'),
      library,
      socketPath: join(folder, 'orphan.sock'),
    };
    const model = { name: 'tiny', kind: 'chat', path: chatModel() };
    const node = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { startBuiltIn } from ${JSON.stringify(run)};
        const run = startBuiltIn(
          ${JSON.stringify(options)},
          { runId: 'orphan', model: ${JSON.stringify(model)}, parameters: {} },
          { line: () => undefined, progress: () => undefined },
        );
        run.ready.then(() => process.stdout.write(String(run.pid)));`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env['PATH'] } },
    );
    const release = endWithTestRun(node.pid ?? 0);
    const pid = await new Promise<number>((resolve) =>
      node.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))),
    );
    expect(alive(pid)).toBe(true);
    node.kill('SIGKILL');
    await until(
      () => alive(pid),
      (lives) => !lives,
      { withinMs: 20_000 },
    );
    release();
  });
});
