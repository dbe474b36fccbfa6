import { type Order, statsOrders } from '@muster/contracts';
import { triedByEverybody } from '@muster/testing';
import { Stage } from './stats.fixture.js';

jest.setTimeout(60_000);

/** Every order that stats answers, given by everybody there can be. */
describe('every order to the running stats', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open();
    await stage.start();
  });
  afterAll(async () => {
    await stage.close();
  });

  it('is obeyed for whoever has the permission, and refused to everybody else', async () => {
    const wrong = await triedByEverybody(Object.values<Order>(statsOrders), (order, caller) =>
      stage.bus.ask(order as Order & { answers: 'once' }, null as never, caller),
    );
    expect(wrong).toEqual([]);
  });
});
