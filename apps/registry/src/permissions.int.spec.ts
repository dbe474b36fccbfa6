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
import { triedByEverybody } from '@muster/testing';
import { ModulesContainer } from '@nestjs/core';
import { PATTERN_METADATA } from '@nestjs/microservices/constants.js';
import { Stage } from './registry.fixture.js';

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
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open();
  }, 30_000);
  afterAll(() => stage.close());

  /** The subjects that its controllers answer, as Nest has them. */
  const answered = (): string[] =>
    [...stage.registry.app.get(ModulesContainer).values()].flatMap(({ controllers }) =>
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
      stage.asker.bus.ask(order as Order & { answers: 'once' }, null as never, caller),
    );
    expect(wrong).toEqual([]);
  }, 60_000);
});
