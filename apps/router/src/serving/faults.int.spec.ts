import { answering, type Script, ScriptedNode, until } from '@muster/testing';
import OpenAI from 'openai';
import { World, type WorldNode } from '../router.fixture.js';

const refusing =
  (status: number, headers: Record<string, string> = {}): Script =>
  (_call, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(
      JSON.stringify({ error: { message: `The engine says ${status}`, type: 'x', param: null, code: 'own' } }),
    );
  };
const stalling: Script = () => undefined;
/** Streams three tokens, then does something else. */
const breaking =
  (how: (node: Parameters<Script>[2], response: Parameters<Script>[1]) => unknown): Script =>
  async (_call, response, node) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const word of ['a', 'b', 'c'])
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: word } }] })}\n\n`);
    await new Promise((resolve) => setImmediate(resolve));
    how(node, response);
  };

describe('when a node fails', () => {
  let world: World;
  let one: WorldNode;
  let other: WorldNode;

  beforeAll(async () => {
    world = await World.open({ MUSTER_ROUTER_FIRST_TOKEN_MS: '1500', MUSTER_ROUTER_SILENCE_MS: '1500' });
    one = await world.addNode('one', [{ slots: 8 }, { model: 'lonely', slots: 8 }]);
    other = await world.addNode('other', [{ slots: 8 }]);
  });
  afterAll(() => world.close());
  afterEach(async () => {
    for (const { scripted } of [one, other]) scripted.script = answering();
    await one.scripted.kill();
    await one.scripted.comeBack();
    // What could not be reached is passed over for a while.
    await until(async () => (await world.chat({ model: 'lonely' })).status === 200, undefined, { withinMs: 20_000 });
    await until(
      () => one.scripted.inFlight + other.scripted.inFlight,
      (inFlight) => inFlight === 0,
    );
  });

  /** Asks until the one at fault was asked. */
  const failedOnce = async (more: object) => {
    const giveUpMs = performance.now() + 20_000;
    while (performance.now() < giveUpMs) {
      const answer = await world.chat(more);
      const text = await answer.text();
      const requestId = answer.headers.get('x-request-id') ?? '';
      const end = await world.finished(requestId);
      if (end.failedTries !== undefined || end.outcome !== 'completed') return { answer, text, end };
    }
    throw new Error('The node at fault was never asked');
  };

  it.each([
    ['is dead', 'connect-failed', async () => one.scripted.kill()],
    ['dies with the request', 'connect-failed', () => (one.scripted.script = (_call, _response, node) => node.kill())],
    ['has no room', 'node-busy', () => (one.scripted.script = refusing(503))],
    ['asks for patience', 'node-busy', () => (one.scripted.script = refusing(429, { 'retry-after': '1' }))],
    ['has a broken engine behind it', 'node-error', () => (one.scripted.script = refusing(502))],
  ])('before the first byte since it %s, the client sees an answer from another', async (_words, error, break_) => {
    for (const stream of [false, true]) {
      await break_();
      const { answer, text, end } = await failedOnce({ stream, max_tokens: 2 });
      expect(answer.status).toBe(200);
      expect(text).toContain(stream ? 'data: [DONE]' : 'w0 w1');
      expect(answer.headers.get('x-muster-node')).toBe('other');
      expect(end).toMatchObject({
        outcome: 'completed',
        attempts: 2,
        nodeId: other.nodeId,
        failedTries: [{ nodeId: one.nodeId, error }],
      });
      const dispatched = world.told.find(
        ({ type, data }) => type === 'RequestDispatched' && data.requestId === end.requestId,
      );
      expect(dispatched?.data).toMatchObject({ nodeId: other.nodeId, attempt: 2 });
      await one.scripted.kill();
      await one.scripted.comeBack();
      one.scripted.script = answering();
      await until(async () => (await world.chat({ model: 'lonely' })).status === 200, undefined, { withinMs: 20_000 });
    }
  });

  it('and takes a stream and says nothing, another is asked when the first token is due', async () => {
    one.scripted.script = stalling;
    const { text, end } = await failedOnce({ stream: true });
    expect(text).toContain('[DONE]');
    expect(end).toMatchObject({ attempts: 2, failedTries: [{ error: 'first-token-timeout' }] });
    await until(
      () => one.scripted.inFlight,
      (inFlight) => inFlight === 0,
    );
  });

  it('with an error of its own, that would only come again elsewhere, nobody else is asked', async () => {
    for (const { scripted } of [one, other]) scripted.script = refusing(500);
    const answer = await world.chat();
    expect(answer.status).toBe(502);
    expect(await answer.json()).toEqual({
      error: { message: 'The node failed to answer.', type: 'server_error', param: null, code: 'node_error' },
    });
    expect(await world.finished(answer.headers.get('x-request-id') ?? '')).toMatchObject({
      outcome: 'failed',
      error: 'node-error',
      attempts: 1,
    });
  });

  it('passes on what the executor refuses, as the executor says it', async () => {
    one.scripted.script = refusing(400);
    const answer = await world.chat({ model: 'lonely' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { message: 'The engine says 400', code: 'own' } });
    expect(await world.finished(answer.headers.get('x-request-id') ?? '')).toMatchObject({
      outcome: 'refused',
      error: 'node-refused',
      status: 400,
    });
  });

  it('and there is no other, a connection that broke is made once more', async () => {
    let calls = 0;
    one.scripted.script = (call, response, node) => {
      calls += 1;
      if (calls === 1) response.socket?.destroy();
      else return answering()(call, response, node);
    };
    const answer = await world.chat({ model: 'lonely' });
    expect(answer.status).toBe(200);
    expect(calls).toBe(2);
  });

  it('and there is no other, that is said in time', async () => {
    await one.scripted.kill();
    const answer = await world.chat({ model: 'lonely' });
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ error: { code: 'node_unreachable' } });
  });

  it.each([
    ['dies', 'stream-broken', (node: WorldNode['scripted']) => node.kill()],
    ['says nothing more', 'stream-silent', () => undefined],
    ['ends the stream too early', 'stream-broken', (_: unknown, response: Parameters<Script>[1]) => response.end()],
    [
      'ends it within an event',
      'stream-broken',
      (_: unknown, response: Parameters<Script>[1]) => response.end('data: {"cho'),
    ],
    [
      'tells of an error itself',
      'stream-broken',
      (_: unknown, response: Parameters<Script>[1]) => response.end('data: {"error":{"message":"out of memory"}}\n\n'),
    ],
  ])(
    'in the middle of a stream and %s, the last thing said is a typed error, and nobody else is asked',
    async (_words, error, how) => {
      one.scripted.script = breaking(how);
      const before = other.scripted.calls.length;
      const answer = await world.chat({ model: 'lonely', stream: true });
      const text = await answer.text();
      expect(text).toContain('"content":"c"');
      expect(text).not.toContain('[DONE]');
      const [, last = ''] = /\n\nevent: error\ndata: (.*)\n\n$/.exec(text) ?? [];
      expect(JSON.parse(last)).toMatchObject({ error: { type: 'server_error', code: error.replace('-', '_') } });
      expect(await world.finished(answer.headers.get('x-request-id') ?? '')).toMatchObject({
        outcome: 'failed',
        error,
        attempts: 1,
        status: 200,
      });
      expect(other.scripted.calls).toHaveLength(before);
    },
  );

  it('in the middle of a stream, the official client throws', async () => {
    const openai = new OpenAI({ baseURL: `${world.url}/v1`, apiKey: world.key, maxRetries: 0 });
    const read = async (stream: AsyncIterable<unknown>) => {
      const parts: unknown[] = [];
      for await (const part of stream) parts.push(part);
      return parts.length;
    };
    one.scripted.script = breaking((node) => node.kill());
    const chat = await openai.chat.completions.create({ model: 'lonely', messages: [], stream: true });
    await expect(read(chat)).rejects.toThrow(OpenAI.APIError);
    await one.scripted.comeBack();
    await until(
      async () => {
        const asked = await openai.responses.create({ model: 'lonely', input: 'x', stream: true });
        return read(asked).then(
          () => false,
          (error: unknown) => error instanceof OpenAI.APIError,
        );
      },
      undefined,
      { withinMs: 20_000 },
    );
  });

  it.each([
    ['a stream', { stream: true, max_tokens: 500 }, answering({ tokenMs: 20 })],
    ['a whole answer', {}, stalling],
  ])('does not: a client leaves %s, and the node is free again within moments', async (_words, more, script) => {
    one.scripted.script = script;
    const before = one.scripted.aborted;
    const leaving = new AbortController();
    const asked = world.chat({ model: 'lonely', ...more }, { signal: leaving.signal });
    await until(() => one.scripted.inFlight === 1);
    if ('stream' in more) await (await asked).body?.getReader().read();
    const leftMs = performance.now();
    leaving.abort();
    await asked.catch(() => undefined);
    await until(() => one.scripted.aborted === before + 1);
    expect(performance.now() - leftMs).toBeLessThan(1_000);
    await until(() => world.ends().at(-1)?.outcome === 'cancelled');
  });

  it('does not: a node that does not take the ticket any more is no concern of the client’s', async () => {
    await one.tell({ ticket: 'another' });
    await until(async () => (await world.chat({ model: 'lonely' })).status === 502);
    await one.tell({ ticket: one.scripted.ticket });
    await until(async () => (await world.chat({ model: 'lonely' })).status === 200);
  });

  it('does not: it sends nothing to whoever shows another certificate than the pinned one', async () => {
    const { scripted: honest } = await world.addNode('honest', [{ model: 'strange' }]);
    await honest.kill();
    const impostor = await ScriptedNode.start({ port: honest.port });
    const answer = await world.chat({ model: 'strange' });
    expect(answer.status).toBe(502);
    expect(impostor.calls).toHaveLength(0);
    await impostor.kill();
  });
});
