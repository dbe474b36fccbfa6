import { type AskedWith } from '@muster/bus';
import {
  type Caller,
  CancelRequests,
  commandSubject,
  ConfigureExecutor,
  type Model,
  NodeModels,
  type Order,
  ReadLastLines,
  StartExecutor,
  StopExecutor,
} from '@muster/contracts';
import { SimulatedNode, until } from '@muster/testing';
import type * as z from 'zod/mini';
import { person, Stage } from '../monitor.fixture.js';

jest.setTimeout(60_000);

const operator = (): Caller => ({ ...person(), permissions: ['fleet:view', 'executors:manage'] });
const model: Model = { modelId: 'llama.gguf', name: 'llama', source: 'file', kind: 'chat' };

describe('executors of a node', () => {
  let stage: Stage;
  let node: SimulatedNode;
  let nodeId: string;
  const models = new Map<string, NodeModels>();

  beforeAll(async () => {
    stage = await Stage.open();
    stage.bus.bucket('MODELS', NodeModels).watch((change) => {
      if (change.change === 'put') models.set(change.key, change.value);
      else models.delete(change.key);
    });
    await stage.monitor();
    node = await SimulatedNode.start({ accessKey: stage.accessKey });
    node.setModels(model);
    nodeId = await stage.register(node);
    await stage.sees(nodeId, 'healthy');
  });
  afterAll(async () => {
    await node.stop();
    await stage.close();
  });

  const ask = <O extends Order<z.ZodMiniType, z.ZodMiniType, 'once'>>(
    order: O,
    request: AskedWith<O>,
    caller = operator(),
    on = nodeId,
  ) => stage.bus.ask(order, request, caller, { subject: commandSubject(order, on) });
  const factsOf = (type: string) => stage.facts.filter((fact) => fact.data.nodeId === nodeId && fact.type === type);

  it('are told with its models and the sealed ticket', async () => {
    await until(() => models.get(nodeId)?.models[0]?.name === 'llama');
    const state = await until(
      () => stage.states.get(nodeId),
      (each) => each?.ticket !== undefined,
    );
    expect(JSON.stringify(state)).not.toContain(node.ticketOf());
  });

  it('start, are set and stop by order, each a fact of whoever ordered it', async () => {
    const caller = operator();
    const done = await ask(StartExecutor, { modelId: 'llama.gguf', parameters: { slots: 3 } }, caller);
    expect(done).toMatchObject({ model: 'llama', restartNeeded: false });
    const { executorId } = done;
    await until(() => stage.states.get(nodeId)?.executors[0]?.state === 'online');
    await ask(ConfigureExecutor, { executorId, parameters: { idleUnloadMinutes: 5 } });
    await ask(StopExecutor, { executorId });
    await until(() => factsOf('ExecutorOrdered').length === 3 && factsOf('ExecutorChanged').length === 2);
    const [first, ...others] = factsOf('ExecutorOrdered');
    expect(first?.data).toMatchObject({ executorId, model: 'llama', order: 'start', parameters: { slots: 3 } });
    expect(first?.meta).toMatchObject({ actor: caller.actor, commandId: caller.commandId });
    expect(others.map(({ data }) => (data as { order?: string }).order)).toEqual(['configure', 'stop']);
    expect(factsOf('ExecutorChanged').map(({ data }) => (data as { to?: string }).to)).toEqual(['online', 'offline']);
  });

  it('have an order carried out once, however often it is sent', async () => {
    const before = { orders: node.orders.length, facts: factsOf('ExecutorOrdered').length };
    const caller = operator();
    const first = await ask(StartExecutor, { modelId: 'llama.gguf' }, caller);
    expect(await ask(StartExecutor, { modelId: 'llama.gguf' }, caller)).toEqual(first);
    await ask(CancelRequests, { executorId: first.executorId });
    await until(() => factsOf('ExecutorOrdered').length === before.facts + 2);
    expect(node.orders).toHaveLength(before.orders + 2);
  });

  it('refuse in the words of the node, and say that an outcome did not come', async () => {
    await expect(ask(StartExecutor, { modelId: 'none' })).rejects.toMatchObject({ code: 'model-unknown' });
    await expect(ask(StopExecutor, { executorId: 'none' })).rejects.toMatchObject({ code: 'executor-unknown' });
    node.onOrder(() => ({ outcome: 'failed', words: 'The disk is full' }));
    await expect(ask(StopExecutor, { executorId: 'any' })).rejects.toMatchObject({
      code: 'node-failed',
      message: 'The disk is full',
    });
    node.onOrder(() => ({ outcome: 'lines', lines: { executorId: 'any', lines: [] } }));
    await expect(ask(ReadLastLines, { executorId: 'any' })).resolves.toEqual({ executorId: 'any', lines: [] });
    node.onOrder(() => {
      node.dropLinks();
      return new Promise(() => undefined);
    });
    await expect(ask(StopExecutor, { executorId: 'any' })).rejects.toMatchObject({ name: 'Outage', part: 'node' });
    await stage.sees(nodeId, 'healthy', 20_000);
  });

  it('of a node of an older release are shown, and nothing can be ordered of them', async () => {
    const old = await SimulatedNode.start({ accessKey: stage.accessKey, versions: [1] });
    old.setExecutors({ executorId: 'e', model: 'old', state: 'online', slots: 1, inFlight: 0, queued: 0 });
    const oldId = await stage.register(old);
    const state = await stage.sees(oldId, 'healthy');
    expect(state.executors).toMatchObject([{ model: 'old' }]);
    expect(state.ticket).toBeUndefined();
    await expect(ask(StopExecutor, { executorId: 'e' }, operator(), oldId)).rejects.toMatchObject({
      code: 'node-too-old',
    });
    await old.stop();
    await expect(
      until(
        () => ask(StopExecutor, { executorId: 'e' }, operator(), oldId),
        () => false,
        { withinMs: 300 },
      ),
    ).rejects.toMatchObject({ cause: { code: 'node-not-connected' } });
  });

  it('leave the models behind when their node is away, and nothing when it is removed', async () => {
    await node.kill();
    await until(() => stage.states.get(nodeId)?.link.phase === 'down');
    expect(models.get(nodeId)?.models).toHaveLength(1);
    await stage.say(nodeId, 'NodeRemoved', { name: 'gone' });
    await until(() => !models.has(nodeId) && !stage.states.has(nodeId));
  });
});
