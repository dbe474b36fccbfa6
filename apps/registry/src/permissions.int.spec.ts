import {
  accountOrders,
  apiKeyOrders,
  historyOrders,
  integrationOrders,
  nodeOrders,
  type Order,
  parkedOrders,
  rebuildOrders,
  settingsOrders,
  webhookOrders,
} from '@muster/contracts';
import { testDatabase, type TestDatabase, testNats, type TestNats, triedByEverybody } from '@muster/testing';
import { ModulesContainer } from '@nestjs/core';
import { PATTERN_METADATA } from '@nestjs/microservices/constants.js';
import { Asker, newSecret, startRegistry } from './under-test.js';

/** Every order that the running registry answers, given by everybody there can be. Nothing here names an order. */

const table: readonly Order[] = [
  ...Object.values(accountOrders),
  ...Object.values(apiKeyOrders),
  ...Object.values(historyOrders),
  ...Object.values(integrationOrders),
  ...Object.values(nodeOrders),
  ...Object.values(settingsOrders),
  ...Object.values(webhookOrders),
  ...Object.values(parkedOrders.registry),
  ...Object.values(rebuildOrders),
];

describe('every order to the running registry', () => {
  let database: TestDatabase;
  let nats: TestNats;
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  let asker: Asker;

  beforeAll(async () => {
    [database, nats] = await Promise.all([testDatabase(), testNats()]);
    const places = { databaseUrl: database.url, natsUrl: nats.url, secret: newSecret() };
    registry = await startRegistry(places);
    asker = await Asker.open(places);
  }, 30_000);
  afterAll(async () => {
    await asker.close();
    await registry.stop();
    await nats.stop();
    await database.drop();
  });

  /** The subjects that its controllers answer, as Nest has them. */
  const answered = (): string[] =>
    [...registry.app.get(ModulesContainer).values()].flatMap(({ controllers }) =>
      [...controllers.values()].flatMap(({ metatype }) => {
        const prototype = (metatype as { prototype: object }).prototype;
        return Object.getOwnPropertyNames(prototype).flatMap((name) => {
          const method: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
          const patterns: unknown =
            typeof method === 'function' ? Reflect.getMetadata(PATTERN_METADATA, method) : undefined;
          return Array.isArray(patterns) ? patterns.map(String).filter((pattern) => !pattern.startsWith('fact:')) : [];
        });
      }),
    );

  it('stands in the table, and every order of the table is answered', () =>
    expect(answered().sort()).toEqual(table.map(({ subject }) => subject).sort()));

  it('is obeyed for whom the table names, and refused to everybody else', async () => {
    const wrong = await triedByEverybody(table, (order, caller) =>
      // One answer or many: the refusal comes the same way.
      asker.bus.ask(order as Order & { answers: 'once' }, null as never, caller),
    );
    expect(wrong).toEqual([]);
  }, 60_000);
});
