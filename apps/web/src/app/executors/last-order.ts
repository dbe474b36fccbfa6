import { inject, Service } from '@angular/core';
import { type HistoryEntry, HealthEvent, routes } from '@muster/contracts';
import { Api } from '../api/api.js';

/** So many of a node's last orders are looked through for one about this executor. */
const LOOKED_THROUGH = 100;

type Ordered = Extract<HealthEvent, { type: 'ExecutorOrdered' }>['data'];

/** What was last asked for about an executor, by whom and when. */
export interface LastOrder {
  readonly order: Ordered['order'];
  readonly by: string;
  readonly at: string;
}

const words: Record<Ordered['order'], string> = {
  start: 'started',
  stop: 'stopped',
  'start-again': 'started again',
  restart: 'restarted',
  configure: 'set anew',
  cancel: 'told to end its requests',
};

export const orderWords = ({ order, by }: LastOrder): string => `${words[order]} by ${by}`;

/** Reads what was asked for from the history. */
@Service()
export class LastOrders {
  readonly #api = inject(Api);

  /** Undefined when nobody has ordered anything of it lately, or that can not be known right now. */
  async of(nodeId: string, executorId: string): Promise<LastOrder | undefined> {
    const query = { node: nodeId, kind: 'ExecutorOrdered', limit: LOOKED_THROUGH };
    const answer = await this.#api.call(routes.readHistory, { query });
    if (!answer.ok) return undefined;
    return answer.value.entries.flatMap(orderIn).find((one) => one.executorId === executorId);
  }
}

function orderIn({ type, data, at, meta }: HistoryEntry): (LastOrder & { readonly executorId: string })[] {
  const parsed = HealthEvent.safeParse({ type, data });
  if (!parsed.success || parsed.data.type !== 'ExecutorOrdered') return [];
  const { executorId, order } = parsed.data.data;
  return [{ executorId, order, by: meta.actor.name, at }];
}
