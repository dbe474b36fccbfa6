import { type Order, routerOrders } from '@muster/contracts';
import { triedByEverybody } from '@muster/testing';
import { World } from './router.fixture.js';

jest.setTimeout(60_000);

/** Every order that the router answers, given by everybody there can be. */
describe('every order to the running router', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  it('is obeyed for whoever has the permission, and refused to everybody else', async () => {
    const wrong = await triedByEverybody(Object.values<Order>(routerOrders), (order, caller) =>
      // One answer or many: the refusal comes the same way.
      world.bus.ask(order as Order & { answers: 'once' }, null as never, caller),
    );
    expect(wrong).toEqual([]);
  });
});
