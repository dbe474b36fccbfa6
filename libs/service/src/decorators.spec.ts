import 'reflect-metadata';
import type { Call, Delivery } from '@muster/bus';
import { type Fact, factFamilies, type HealthEvent, type NodeEvent, type Order } from '@muster/contracts';
import * as z from 'zod/mini';
import { Answers, OnFact } from './decorators.js';

const Once = {
  subject: 'muster.ask.registry.once',
  request: z.object({ name: z.string() }),
  reply: z.object({ words: z.string() }),
  allowed: 'fleet:view',
  deadlineMs: 1_000,
  answers: 'once',
} as const satisfies Order;
const Many = { ...Once, answers: 'stream' } as const satisfies Order;

const words = Promise.resolve({ words: '' });

/** The compiler reads this class; each line that must not compile says so. */
export class Shapes {
  @Answers(Once)
  exact(request: { name: string }, call: Call) {
    return call.signal.aborted ? words : Promise.resolve({ words: request.name });
  }

  @Answers(Once)
  needsLess() {
    return words;
  }

  // @ts-expect-error the request has no such field
  @Answers(Once)
  otherRequest(request: { title: string }) {
    return Promise.resolve({ words: request.title });
  }

  // @ts-expect-error the reply is of another shape
  @Answers(Once)
  otherReply() {
    return Promise.resolve({ word: 'x' });
  }

  // @ts-expect-error an order that answers once has no items
  @Answers(Once)
  async *itemsForOnce() {
    yield await words;
  }

  @Answers(Many)
  async *items() {
    yield await words;
  }

  // @ts-expect-error an order that answers as a stream has items
  @Answers(Many)
  onceForItems() {
    return words;
  }

  @OnFact(factFamilies.node, { durable: 'a' })
  async fact(fact: Fact<NodeEvent>, delivery: Delivery): Promise<void> {
    await Promise.resolve([fact, delivery]);
  }

  // @ts-expect-error facts of another family
  @OnFact(factFamilies.node, { durable: 'b' })
  async otherFamily(fact: Fact<HealthEvent>): Promise<void> {
    await Promise.resolve(fact);
  }

  // @ts-expect-error the fact counts as taken when the promise resolves, so there must be one
  @OnFact(factFamilies.node, { durable: 'c' })
  noPromise(fact: Fact<NodeEvent>): void {
    void fact;
  }
}

describe('the decorators', () => {
  it('leave the method as it is', async () => {
    const controller = new AbortController();
    const call = { signal: controller.signal } as Call;
    expect(await new Shapes().exact({ name: 'x' }, call)).toEqual({ words: 'x' });
  });
});
