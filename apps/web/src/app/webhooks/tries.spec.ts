import type { WebhookDelivery } from '@muster/contracts';
import { AT } from '../testing/examples.js';
import { grown, MOST_TRIES, renewed, type Tries } from './tries.js';

const delivery = (n: number): WebhookDelivery => ({
  ...{ n, messageId: `m${n}`, type: 'NodeRenamed', position: `F${n}`, attempt: 1 },
  ...{ outcome: 'delivered' as const, status: 204, tookMs: 3, at: AT },
});
const tries = (from: number, to: number, older = true): Tries => ({
  deliveries: Array.from({ length: from - to + 1 }, (_, index) => delivery(from - index)),
  older,
});
const numbers = ({ deliveries }: Tries) => deliveries.map(({ n }) => n);

describe('the deliveries that a page holds', () => {
  it('grow at both ends, each once', () => {
    const first = renewed(undefined, tries(6, 4));
    const more = grown(first, tries(3, 1, false));
    expect(more).toEqual(tries(6, 1, false));
    expect(renewed(more, tries(8, 6))).toEqual(tries(8, 1, false));
  });

  it('begin anew where the newest page does not meet what was there', () => {
    expect(numbers(renewed(tries(6, 4), tries(20, 18)))).toEqual([20, 19, 18]);
  });

  it('are none any more when none are kept', () => {
    expect(renewed(tries(6, 4), { deliveries: [], older: false })).toEqual({ deliveries: [], older: false });
  });

  it('are so many as are kept, and no more', () => {
    const full = grown(tries(MOST_TRIES + 50, 51), tries(50, 1));
    expect(full.deliveries).toHaveLength(MOST_TRIES);
    expect(full.older).toBe(false);
  });
});
