import { randomUUID } from 'node:crypto';
import {
  Actor,
  type Caller,
  commandSubject,
  nodeCommands,
  type Order,
  Outage,
  parkedOrders,
  Refusal,
  storeOrders,
  VerifyNode,
} from '@muster/contracts';
import { everySort, SimulatedNode } from '@muster/testing';
import { Stage } from './monitor.fixture.js';

jest.setTimeout(60_000);

/** Every order that the monitor answers, and every command to a node whose link it holds, given by everybody there can be. */
describe('every order to the running monitor', () => {
  let stage: Stage;
  let node: SimulatedNode;
  let nodeId: string;

  beforeAll(async () => {
    stage = await Stage.open();
    await stage.monitor();
    node = await SimulatedNode.start({ accessKey: stage.accessKey });
    nodeId = await stage.register(node);
    await stage.sees(nodeId, 'healthy');
  });
  afterAll(async () => {
    await node.stop();
    await stage.close();
  });

  const orders: readonly Order[] = [
    VerifyNode,
    ...Object.values(nodeCommands),
    ...Object.values(parkedOrders.monitor),
    ...Object.values(storeOrders),
  ];

  /** How an order that says nothing ends: for whoever may give it with `bad-input`, before anything is done. */
  const codeOf = async (order: Order, caller: Caller): Promise<string> => {
    try {
      // One answer or many: the refusal comes the same way.
      const once = order as Order & { answers: 'once' };
      await stage.bus.ask(once, null as never, caller, { subject: commandSubject(order, nodeId) });
      return 'answered';
    } catch (error) {
      if (error instanceof Refusal) return error.code;
      if (error instanceof Outage) return error.message;
      throw error;
    }
  };

  const passes = ({ allowed }: Order, { actor, permissions }: Caller): boolean => {
    if (allowed === 'services') return actor.kind === 'gateway';
    return allowed === 'account' ? actor.kind === 'account' : permissions.includes(allowed);
  };

  it('is obeyed for whoever has the permission, and refused to everybody else', async () => {
    const found: string[] = [];
    for (const order of orders)
      for (const kind of Actor.shape.kind.options)
        for (const { who, may } of everySort) {
          const actor = { kind, id: randomUUID(), name: who };
          const caller = { actor, permissions: [...may], commandId: randomUUID(), correlationId: randomUUID() };
          const code = await codeOf(order, caller);
          const expected = passes(order, caller) ? 'bad-input' : 'not-permitted';
          if (code !== expected) found.push(`${order.subject} by ${kind} with ${who}: ${code}, not ${expected}`);
        }
    expect(found).toEqual([]);
  });
});
