import { randomUUID } from 'node:crypto';
import { Actor, type Caller, type Order, Outage, Refusal, routerOrders } from '@muster/contracts';
import { everySort } from '@muster/testing';
import { World } from './router.fixture.js';

jest.setTimeout(60_000);

/** Every order that the router answers, given by everybody there can be. */
describe('every order to the running router', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  /** How an order that says nothing ends: for whoever may give it with `bad-input`, before anything is done. */
  const codeOf = async (order: Order, caller: Caller): Promise<string> => {
    try {
      // One answer or many: the refusal comes the same way.
      await world.bus.ask(order as Order & { answers: 'once' }, null as never, caller);
      return 'answered';
    } catch (error) {
      if (error instanceof Refusal) return error.code;
      if (error instanceof Outage) return error.message;
      throw error;
    }
  };

  it('is obeyed for whoever has the permission, and refused to everybody else', async () => {
    const found: string[] = [];
    for (const order of Object.values<Order>(routerOrders))
      for (const kind of Actor.shape.kind.options)
        for (const { who, may } of everySort) {
          const actor = { kind, id: randomUUID(), name: who };
          const caller = { actor, permissions: [...may], commandId: randomUUID(), correlationId: randomUUID() };
          const { allowed } = order;
          const passes = allowed !== 'services' && allowed !== 'account' && may.includes(allowed);
          const expected = passes ? 'bad-input' : 'not-permitted';
          const code = await codeOf(order, caller);
          if (code !== expected) found.push(`${order.subject} by ${kind} with ${who}: ${code}, not ${expected}`);
        }
    expect(found).toEqual([]);
  });
});
