import type { WebhookDelivery } from '@muster/contracts';

/** So many tries of a webhook are kept, and so many the page holds. */
export const MOST_TRIES = 1_000;

/** Some tries, newest first, without a gap among them, and whether there are older ones. */
export interface Tries {
  readonly deliveries: readonly WebhookDelivery[];
  readonly older: boolean;
}

/** The newest page over what was read before. Where the two do not meet, what lies between is not known: then only the page counts. */
export function renewed(before: Tries | undefined, page: Tries): Tries {
  const newestBefore = before?.deliveries[0];
  if (before === undefined || newestBefore === undefined) return page;
  const last = page.deliveries.at(-1);
  if (last === undefined || (last.n > newestBefore.n && page.older)) return page;
  const rest = before.deliveries.filter(({ n }) => n < last.n);
  return limited({ deliveries: [...page.deliveries, ...rest], older: rest.length > 0 ? before.older : page.older });
}

/** What was read, and the page before it. */
export const grown = (before: Tries, page: Tries): Tries => {
  const last = before.deliveries.at(-1);
  const rest = page.deliveries.filter(({ n }) => last === undefined || n < last.n);
  return limited({ deliveries: [...before.deliveries, ...rest], older: page.older });
};

const limited = ({ deliveries, older }: Tries): Tries => ({
  deliveries: deliveries.slice(0, MOST_TRIES),
  older: older && deliveries.length < MOST_TRIES,
});
