import { randomUUID } from 'node:crypto';
import { type Caller, PlaygroundChat, type PlaygroundStep, type Permission } from '@muster/contracts';
import { answering, until } from '@muster/testing';
import { World, type WorldNode } from '../router.fixture.js';

jest.setTimeout(60_000);

const caller = (...permissions: Permission[]): Caller => ({
  actor: { kind: 'account', id: randomUUID(), name: 'ann' },
  permissions,
  commandId: randomUUID(),
  correlationId: randomUUID(),
});
const ask = { model: 'tiny', messages: [{ role: 'user' as const, content: 'Say something' }], maxTokens: 4 };

describe('the playground', () => {
  let world: World;
  let node: WorldNode;

  beforeAll(async () => {
    world = await World.open();
    node = await world.addNode('gpu-1');
  });
  afterAll(() => world.close());
  beforeEach(() => (node.scripted.script = answering()));

  const chat = async (wish = ask, who = caller('playground:use'), signal?: AbortSignal): Promise<PlaygroundStep[]> => {
    const steps: PlaygroundStep[] = [];
    for await (const step of world.bus.askStream(PlaygroundChat, wish, who, signal === undefined ? {} : { signal }))
      steps.push(step);
    return steps;
  };
  const stepOf = <Step extends PlaygroundStep['step']>(steps: readonly PlaygroundStep[], step: Step) =>
    steps.find((each): each is Extract<PlaygroundStep, { step: Step }> => each.step === step);

  it('streams the answer, tells who gave it and from what it was chosen, and ends with its figures', async () => {
    const steps = await chat();
    const routed = stepOf(steps, 'routed');
    expect(routed).toMatchObject({ nodeName: 'gpu-1', executorId: 'tiny', queueMs: 0 });
    expect(routed?.choices).toEqual([
      { nodeName: 'gpu-1', executorId: 'tiny', inFlight: 0, slots: expect.any(Number) },
    ]);
    expect(steps.map((each) => (each.step === 'text' ? each.text : '')).join('')).toBe('w0 w1 w2 w3 ');
    expect(stepOf(steps, 'done')).toMatchObject({ tokensOut: 4, finishReason: 'stop' });
    expect(await world.finished(routed?.requestId ?? '')).toMatchObject({ outcome: 'completed', stream: true });
  });

  it('fails in the words that an application would have got', async () => {
    const steps = await chat({ ...ask, model: 'nobody' });
    expect(steps).toEqual([
      { step: 'failed', status: 404, code: 'model_not_found', words: expect.stringContaining('nobody') },
    ]);
  });

  it('is for those alone who may use it', async () => {
    await expect(chat(ask, caller('fleet:view', 'nodes:manage'))).rejects.toMatchObject({ code: 'not-permitted' });
  });

  it('ends the request when whoever asked leaves', async () => {
    node.scripted.script = answering({ tokenMs: 20 });
    const before = node.scripted.calls.length;
    const leaving = new AbortController();
    const asked = chat({ ...ask, maxTokens: 10_000 }, caller('playground:use'), leaving.signal);
    const call = await until(() => node.scripted.calls[before]);
    leaving.abort();
    await asked.catch(() => undefined);
    expect(await world.finished(String(call?.headers['x-request-id']))).toMatchObject({ outcome: 'cancelled' });
  });

  it('opens no door to anybody else: its key is in no log, no fact and no answer', async () => {
    const steps = await chat();
    const said = JSON.stringify([steps, world.told]) + world.log;
    expect(said).not.toMatch(/msk_[A-Za-z0-9_-]{43}/);
  });
});
