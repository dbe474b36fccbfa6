import { commandSubject, nodeCommands, type Order, parkedOrders, storeOrders, VerifyNode } from '@muster/contracts';
import { SimulatedNode, triedByEverybody } from '@muster/testing';
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

  it('is obeyed for whoever has the permission, and refused to everybody else', async () => {
    const wrong = await triedByEverybody(orders, (order, caller) =>
      // One answer or many: the refusal comes the same way.
      stage.bus.ask(order as Order & { answers: 'once' }, null as never, caller, {
        subject: commandSubject(order, nodeId),
      }),
    );
    expect(wrong).toEqual([]);
  });
});
