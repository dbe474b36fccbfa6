import { randomUUID } from 'node:crypto';
import type { ModelList, NodeOrder, NodeOutcome } from '@muster/contracts';
import { testNode, type TestNode, until } from '../test/test-node.js';
import type { FromNode } from './frames.js';
import { accessKeyId } from './proof.js';

const stop: NodeOrder = { order: 'stop', executorId: 'llama-1' };
const done: NodeOutcome = { outcome: 'done', done: { executorId: 'llama-1', model: 'llama', restartNeeded: false } };
const listed = (name: string): ModelList => ({
  models: [{ modelId: `${name}.gguf`, name, source: 'file', kind: 'chat' }],
  more: 0,
});

describe('orders over a link', () => {
  const given: NodeOrder[] = [];
  let carryOut: (order: NodeOrder) => Promise<NodeOutcome>;
  let models: ModelList;
  let ticket: string;
  let node: TestNode;
  beforeEach(async () => {
    given.splice(0);
    carryOut = () => Promise.resolve(done);
    models = listed('one');
    ticket = 'ticket-0123456789abcdef';
    node = await testNode({
      order: (order) => {
        given.push(order);
        return carryOut(order);
      },
      models: () => models,
      ticket: (keyId) => `${ticket}.${keyId}`,
    });
  });
  afterEach(() => node.server.close());

  it('are carried out and answered', async () => {
    const link = await node.link();
    await expect(link.order(randomUUID(), stop)).resolves.toEqual(done);
    expect(given).toEqual([stop]);
  });

  it('are carried out once, on whichever links they come', async () => {
    const id = randomUUID();
    const [one, other] = [await node.link(), await node.link()];
    await one.order(id, stop);
    await expect(other.order(id, stop)).resolves.toEqual(done);
    expect(given).toHaveLength(1);
  });

  it('reject when the node does not answer in time, and when the link ends before it has', async () => {
    carryOut = () => new Promise(() => undefined);
    const link = await node.link();
    await expect(link.order(randomUUID(), stop, { withinMs: 50 })).rejects.toMatchObject({ why: 'timed-out' });
    const asked = link.order(randomUUID(), stop);
    link.terminate();
    await expect(asked).rejects.toMatchObject({ why: 'ended' });
    await expect(link.order(randomUUID(), stop)).rejects.toMatchObject({ why: 'ended' });
  });

  it('are still answered on a link that retires, which ends then', async () => {
    let answer: (outcome: NodeOutcome) => void = () => undefined;
    carryOut = () => new Promise((resolve) => (answer = resolve));
    const [link, idle] = [await node.link(), await node.link()];
    const asked = link.order(randomUUID(), stop);
    await until(() => given.length === 1);
    link.retire('not-wanted');
    idle.retire('not-wanted');
    await idle.closed;
    answer(done);
    await expect(asked).resolves.toEqual(done);
    await expect(link.closed).resolves.toBe('closed');
  });

  it('are no more at once than the node takes', async () => {
    carryOut = () => new Promise(() => undefined);
    const link = await node.link();
    const asked = Array.from({ length: 33 }, () =>
      link.order(randomUUID(), stop, { withinMs: 1_000 }).catch((error: Error) => error),
    );
    expect(await asked[32]).toMatchObject({ why: 'too-many' });
    const other = await node.link();
    await until(() => given.length === 32);
    await expect(other.order(randomUUID(), stop)).resolves.toEqual({ outcome: 'refused', code: 'node-busy' });
    link.terminate();
  });

  it('make what the node says inert', async () => {
    carryOut = () => Promise.resolve({ outcome: 'failed', words: 'full\u001b[2J' });
    const link = await node.link();
    await expect(link.order(randomUUID(), stop)).resolves.toEqual({ outcome: 'failed', words: 'full␛[2J' });
  });

  it('go with the models and the ticket of this link’s key, told at first and when there are others', async () => {
    const link = await node.link();
    const frames: FromNode[] = [];
    link.onFrame((frame) => frames.push(frame));
    await until(() => frames.length === 2);
    const keyId = accessKeyId(node.to.accessKey);
    expect(frames).toEqual([
      { type: 'models', ...models },
      { type: 'ticket', ticket: `${ticket}.${keyId}` },
    ]);
    node.server.refresh();
    models = listed('two');
    ticket = 'ticket-fedcba9876543210';
    node.server.refresh();
    await until(() => frames.length === 4);
    expect(frames.slice(2)).toEqual([
      { type: 'models', ...models },
      { type: 'ticket', ticket: `${ticket}.${keyId}` },
    ]);
  });

  it('are not sent to a node of version 1, which links all the same and tells neither models nor ticket', async () => {
    const old = await testNode({ versions: () => [1], models: () => models, ticket: () => ticket });
    const link = await old.link();
    expect(link.protocol).toBe(1);
    const frames: FromNode[] = [];
    link.onFrame((frame) => frames.push(frame));
    old.sample();
    await until(() => frames.length === 1);
    expect(frames[0]?.type).toBe('samples');
    await expect(link.order(randomUUID(), stop)).rejects.toMatchObject({ why: 'too-old' });
    for (const { socket } of old.server.links) socket.send(JSON.stringify({ type: 'ticket', ticket }));
    await expect(link.closed).resolves.toBe('protocol');
    await old.server.close();
  });

  it('are not taken from a Gateway of version 1', async () => {
    const link = await node.link({ versions: [1] });
    link.send({ type: 'order', id: randomUUID(), order: stop });
    await link.closed;
    expect(given).toEqual([]);
  });
});
