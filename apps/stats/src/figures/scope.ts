import { type Grouping, NO_NAME, type RequestView } from '@muster/contracts';

/** One of those that figures are told apart by: `all` with the id '', a node, a model, a key. */
export interface Scope {
  readonly by: Grouping;
  readonly id: string;
}

/** So many different models, keys and nodes are counted apart, each kind by itself; further ones are counted together. */
export const MOST_NAMES = 1_000;

/** The node, the model and the key that requests have in common, each by the id by which it is counted. */
export interface Together {
  readonly node: string;
  readonly model: string;
  readonly key: string;
}

/** Where requests that have these in common are counted, each of the four. */
export const scopesOf = ({ node, model, key }: Together): Scope[] => [
  { by: 'all', id: NO_NAME.none },
  { by: 'node', id: node },
  { by: 'model', id: model },
  { by: 'key', id: key },
];

export const scopeKey = ({ by, id }: Scope): string => `${by} ${id}`;

/**
 * The ids that are counted apart. Models are named by whoever asks, so their number is bounded: whoever comes first has a
 * name, whoever comes later is one of the others.
 */
export class KnownNames {
  readonly #known: Record<Exclude<Grouping, 'all'>, Set<string>> = {
    node: new Set(),
    model: new Set(),
    key: new Set(),
  };

  add({ by, id }: Scope): void {
    if (by !== 'all') this.#known[by].add(id);
  }

  /** What a request has in common with others. */
  togetherOf({ nodeId, model, keyId }: Pick<RequestView, 'nodeId' | 'model' | 'keyId'>): Together {
    return {
      node: this.#idOf('node', nodeId ?? NO_NAME.none),
      model: this.#idOf('model', model),
      key: this.#idOf('key', keyId ?? NO_NAME.none),
    };
  }

  #idOf(by: Exclude<Grouping, 'all'>, id: string): string {
    const known = this.#known[by];
    if (!known.has(id) && known.size >= MOST_NAMES) return NO_NAME.others;
    known.add(id);
    return id;
  }
}
