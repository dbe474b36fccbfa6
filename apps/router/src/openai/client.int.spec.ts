import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { answering, until } from '@muster/testing';
import { embed, generateText, streamText, tool } from 'ai';
import OpenAI from 'openai';
import * as z from 'zod';
import { World, type WorldNode } from '../router.fixture.js';

const messages = [{ role: 'user' as const, content: 'Say something' }];
const weather = {
  type: 'function' as const,
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
};

describe('the clients of others', () => {
  let world: World;
  let node: WorldNode;
  let openai: OpenAI;

  beforeAll(async () => {
    world = await World.open();
    node = await world.addNode('gpu-1', [{}, { model: 'vectors', kind: 'embedding' }, { model: 'ollama/tiny:1b' }]);
    openai = new OpenAI({ baseURL: `${world.url}/v1`, apiKey: world.key, maxRetries: 0 });
  });
  afterAll(() => world.close());
  beforeEach(() => (node.scripted.script = answering()));

  describe('openai', () => {
    it('lists the models, and finds one whose name has a slash in it', async () => {
      const names: string[] = [];
      for await (const model of openai.models.list()) names.push(model.id);
      expect(names).toEqual(['ollama/tiny:1b', 'tiny', 'vectors']);
      expect(await openai.models.retrieve('ollama/tiny:1b')).toMatchObject({ id: 'ollama/tiny:1b', object: 'model' });
      await expect(openai.models.retrieve('nobody')).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
    });

    it('chats, and learns who answered', async () => {
      const { data, response } = await openai.chat.completions
        .create({ model: 'tiny', messages, max_tokens: 3 })
        .withResponse();
      expect(data.choices[0]?.message.content).toBe('w0 w1 w2 ');
      expect(data.usage?.completion_tokens).toBe(3);
      expect(response.headers.get('x-muster-node')).toBe('gpu-1');
      expect(response.headers.get('x-muster-executor')).toBe('tiny');
      expect(response.headers.get('x-muster-queue-ms')).toBe('0');
      expect(await world.finished(response.headers.get('x-request-id') ?? '')).toMatchObject({
        outcome: 'completed',
        endpoint: 'chat',
        tokensIn: 11,
        tokensOut: 3,
        attempts: 1,
      });
    });

    it('passes on every field that it sends, also one that nobody has heard of', async () => {
      const field = { of: ['tomorrow', 1, null] };
      const body = {
        model: 'tiny',
        messages,
        top_k: 7,
        field_of: field,
      } as OpenAI.ChatCompletionCreateParamsNonStreaming;
      await openai.chat.completions.create(body);
      expect(node.scripted.calls.at(-1)?.body).toEqual({ model: 'tiny', messages, top_k: 7, field_of: field });
      expect(node.scripted.calls.at(-1)?.headers['muster-executor']).toBe('tiny');
    });

    it('streams a chat, with the usage only when it asks for it', async () => {
      for (const usage of [false, true]) {
        const { data: stream, response } = await openai.chat.completions
          .create({
            model: 'tiny',
            messages,
            max_tokens: 4,
            stream: true,
            ...(usage && { stream_options: { include_usage: true } }),
          })
          .withResponse();
        let text = '';
        let told: number | undefined;
        for await (const chunk of stream) {
          if (chunk.choices.length === 0) told = chunk.usage?.completion_tokens;
          text += chunk.choices[0]?.delta.content ?? '';
        }
        expect([text, told]).toEqual(['w0 w1 w2 w3 ', usage ? 4 : undefined]);
        const requestId = response.headers.get('x-request-id') ?? '';
        expect(await world.finished(requestId)).toMatchObject({ outcome: 'completed', stream: true, tokensOut: 4 });
      }
    });

    it('calls tools, whole and in a stream', async () => {
      const whole = await openai.chat.completions.create({ model: 'tiny', messages, tools: [weather] });
      expect(whole.choices[0]?.message.tool_calls).toMatchObject([{ function: { arguments: '{"city":"Bern"}' } }]);
      const runner = openai.chat.completions.stream({ model: 'tiny', messages, tools: [weather] });
      const streamed = await runner.finalChatCompletion();
      expect(streamed.choices[0]?.message.tool_calls).toMatchObject([{ function: { name: 'weather' } }]);
    });

    it('completes text, whole and in a stream', async () => {
      const whole = await openai.completions.create({ model: 'tiny', prompt: 'Once', max_tokens: 2 });
      expect(whole.choices[0]?.text).toBe('w0 w1 ');
      let text = '';
      for await (const chunk of await openai.completions.create({ model: 'tiny', prompt: 'Once', stream: true }))
        text += chunk.choices[0]?.text ?? '';
      expect(text).toBe('w0 w1 w2 w3 w4 ');
    });

    it('embeds', async () => {
      const { data, usage } = await openai.embeddings.create({
        model: 'vectors',
        input: ['a', 'b'],
        encoding_format: 'float',
      });
      expect(data.map(({ embedding }) => embedding)).toEqual([
        [0.5, -0.25, 1],
        [0.5, -0.25, 1],
      ]);
      expect(usage.prompt_tokens).toBe(4);
    });

    it('aborts a stream, and the node is told within moments', async () => {
      node.scripted.script = answering({ tokens: 1_000, tokenMs: 20 });
      const before = node.scripted.aborted;
      const { data: stream, response } = await openai.chat.completions
        .create({ model: 'tiny', messages, stream: true })
        .withResponse();
      let leftMs = 0;
      for await (const chunk of stream)
        if (chunk.choices[0]?.delta.content === 'w3 ') {
          leftMs = performance.now();
          stream.controller.abort();
        }
      await until(
        () => node.scripted.aborted,
        (aborted) => aborted === before + 1,
      );
      expect(performance.now() - leftMs).toBeLessThan(1_000);
      const ended = await world.finished(response.headers.get('x-request-id') ?? '');
      expect(ended).toMatchObject({ outcome: 'cancelled', error: 'client-left', status: 499 });
      expect(node.scripted.inFlight).toBe(0);
    });

    it('gets a response, whole and as events, with its usage', async () => {
      const whole = await openai.responses.create({
        model: 'tiny',
        instructions: 'Be brief',
        input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hello' }] }],
        max_output_tokens: 3,
      });
      expect([whole.output_text, whole.status]).toEqual(['w0 w1 w2 ', 'completed']);
      expect(whole.usage).toMatchObject({ input_tokens: 11, output_tokens: 3, total_tokens: 14 });
      expect(node.scripted.calls.at(-1)?.body).toEqual({
        model: 'tiny',
        messages: [
          { role: 'system', content: 'Be brief' },
          { role: 'user', content: 'Hello' },
        ],
        max_tokens: 3,
      });
      const stream = openai.responses.stream({ model: 'tiny', input: 'Hello', max_output_tokens: 3 });
      const types: string[] = [];
      for await (const event of stream) types.push(event.type);
      expect([...new Set(types)]).toEqual([
        ...['response.created', 'response.in_progress', 'response.output_item.added', 'response.content_part.added'],
        ...['response.output_text.delta', 'response.output_text.done', 'response.content_part.done'],
        ...['response.output_item.done', 'response.completed'],
      ]);
      expect((await stream.finalResponse()).output_text).toBe('w0 w1 w2 ');
    });

    it('has its functions called in a response, and answers them with the whole conversation', async () => {
      const tools = [{ type: 'function' as const, name: 'weather', parameters: { type: 'object' }, strict: false }];
      for (const stream of [false, true]) {
        const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'Weather?' }];
        const first = stream
          ? await openai.responses.stream({ model: 'tiny', input, tools }).finalResponse()
          : await openai.responses.create({ model: 'tiny', input, tools });
        const [call] = first.output;
        expect(call).toMatchObject({ type: 'function_call', name: 'weather', arguments: '{"city":"Bern"}' });
        if (call?.type !== 'function_call') continue;
        input.push(call, { type: 'function_call_output', call_id: call.call_id, output: 'Snow' });
        await openai.responses.create({ model: 'tiny', input });
        expect(node.scripted.calls.at(-1)?.body['messages']).toEqual([
          { role: 'user', content: 'Weather?' },
          {
            role: 'assistant',
            content: null,
            tool_calls: [
              { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } },
            ],
          },
          { role: 'tool', tool_call_id: 'call_1', content: 'Snow' },
        ]);
      }
    });

    it.each([
      ['previous_response_id', { previous_response_id: 'resp_1' }],
      ['store', { store: true }],
      ['background', { background: true }],
      ['conversation', { conversation: 'conv_1' }],
      ['prompt', { prompt: { id: 'pmpt_1' } }],
      ['tools', { tools: [{ type: 'web_search' }] }],
      ['include', { include: ['file_search_call.results'] }],
      ['input', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
    ])('is told by name that %s is not to be had in a response', async (param, more) => {
      const asked = openai.responses.create({ model: 'tiny', input: 'Hello', ...more } as never);
      await expect(asked).rejects.toMatchObject({ status: 400, code: 'unsupported_parameter', param });
    });

    it('finds no stored responses', async () => {
      await expect(openai.responses.retrieve('resp_1')).rejects.toMatchObject({ status: 404, code: 'unknown_url' });
    });
  });

  describe('ai', () => {
    const model = () =>
      createOpenAICompatible({ name: 'muster', baseURL: `${world.url}/v1`, apiKey: world.key, includeUsage: true });

    it('generates and streams text', async () => {
      const { text, usage } = await generateText({ model: model()('tiny'), prompt: 'Hello', maxOutputTokens: 3 });
      expect([text.trim(), usage.outputTokens]).toEqual(['w0 w1 w2', 3]);
      const stream = streamText({ model: model()('tiny'), prompt: 'Hello', maxOutputTokens: 4 });
      let said = '';
      for await (const part of stream.textStream) said += part;
      expect([said.trim(), (await stream.usage).outputTokens]).toEqual(['w0 w1 w2 w3', 4]);
    });

    it('calls tools', async () => {
      const cities: string[] = [];
      const { toolCalls } = await generateText({
        model: model()('tiny'),
        prompt: 'Weather?',
        tools: {
          weather: tool({
            inputSchema: z.object({ city: z.string() }),
            execute: ({ city }) => {
              cities.push(city);
              return Promise.resolve('Snow');
            },
          }),
        },
      });
      expect(toolCalls).toMatchObject([{ toolName: 'weather', input: { city: 'Bern' } }]);
      expect(cities).toEqual(['Bern']);
    });

    it('embeds', async () => {
      const { embedding } = await embed({ model: model().embeddingModel('vectors'), value: 'a' });
      expect(embedding).toEqual([0.5, -0.25, 1]);
    });
  });

  describe('curl', () => {
    const curl = async (...args: string[]) =>
      (await promisify(execFile)('curl', ['-sS', '--max-time', '20', ...args])).stdout;

    it('chats, and streams', async () => {
      const common = ['-H', `X-API-Key: ${world.key}`, '-H', 'content-type: application/json', '-N'];
      const body = { model: 'tiny', messages, max_tokens: 2 };
      const url = `${world.url}/v1/chat/completions`;
      expect(await curl(...common, '-d', JSON.stringify(body), url)).toContain('"content":"w0 w1 "');
      const streamed = await curl(...common, '-i', '-d', JSON.stringify({ ...body, stream: true }), url);
      expect(streamed).toMatch(/content-type: text\/event-stream/i);
      expect(streamed).toMatch(/data: \[DONE\]\n\n$/);
    });

    it('asks after its health', async () => {
      expect(JSON.parse(await curl(`${world.url}/health/live`))).toEqual({ status: 'up' });
      expect(JSON.parse(await curl(`${world.url}/health/ready`))).toMatchObject({
        status: 'up',
        checks: { bus: { state: 'up' }, nodes: { state: 'up' }, facts: { state: 'up' } },
      });
    });
  });
});
