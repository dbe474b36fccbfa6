import { type Order, webhookServiceOrders } from '@muster/contracts';
import { triedByEverybody } from '@muster/testing';
import { Stage } from './webhooks.fixture.js';

jest.setTimeout(60_000);

/** Every order that the sending of webhooks answers, given by everybody there can be. */
describe('every order about what was sent', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open();
    await stage.start();
  });
  afterAll(async () => {
    await stage.close();
  });

  it('is obeyed for whoever has the permission, and refused to everybody else', async () => {
    const wrong = await triedByEverybody(Object.values<Order>(webhookServiceOrders), (order, caller) =>
      stage.bus.ask(order as Order & { answers: 'once' }, null as never, caller),
    );
    expect(wrong).toEqual([]);
  });
});
