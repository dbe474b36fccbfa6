import { randomUUID } from 'node:crypto';
import { Actor, type Caller, type Order, Outage, Refusal } from '@muster/contracts';
import { everySort } from './every-sort.js';

/** Gives an order that says nothing, and resolves when it was answered: for whoever may give it, it is refused as `bad-input` before anything is done. */
export type GiveNothing = (order: Order, caller: Caller) => Promise<unknown>;

/**
 * Has each order given by everybody there can be, of every kind of actor, and returns what went wrong: somebody who may give
 * it was not obeyed, or somebody who may not was. Empty when the doors are as the contracts say.
 */
export async function triedByEverybody(orders: Iterable<Order>, give: GiveNothing): Promise<string[]> {
  const wrong: string[] = [];
  for (const order of orders)
    for (const kind of Actor.shape.kind.options)
      for (const { who, may } of everySort) {
        const actor = { kind, id: randomUUID(), name: who };
        const caller = { actor, permissions: [...may], commandId: randomUUID(), correlationId: randomUUID() };
        const code = await codeOf(give(order, caller));
        const expected = passes(order, caller) ? 'bad-input' : 'not-permitted';
        if (code !== expected) wrong.push(`${order.subject} by ${kind} with ${who}: ${code}, not ${expected}`);
      }
  return wrong;
}

const passes = ({ allowed }: Order, { actor, permissions }: Caller): boolean => {
  if (allowed === 'services') return actor.kind === 'gateway';
  return allowed === 'account' ? actor.kind === 'account' : permissions.includes(allowed);
};

async function codeOf(given: Promise<unknown>): Promise<string> {
  try {
    await given;
    return 'answered';
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    if (error instanceof Outage) return error.message;
    throw error;
  }
}
