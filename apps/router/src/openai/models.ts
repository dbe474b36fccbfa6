import type { Place } from '../slots/place.js';

/** A model as `GET /v1/models` has it. What OpenAI does not have is Muster's own and goes by `muster`. */
export interface ModelEntry {
  readonly id: string;
  readonly object: 'model';
  /** Seconds since 1970: since when a node has had it. */
  readonly created: number;
  readonly owned_by: 'muster';
  readonly muster: {
    readonly kind: 'chat' | 'embedding';
    /** `ready`, `asleep` (the next request wakes it), `starting` or `offline`. */
    readonly state: 'ready' | 'asleep' | 'starting' | 'offline';
    readonly nodes: number;
    readonly slots: number;
  };
}

/** Every model of these places once, by name. */
export function modelList(places: readonly Place[]): { readonly object: 'list'; readonly data: readonly ModelEntry[] } {
  const names = [...new Set(places.map(({ model }) => model))].sort();
  return { object: 'list', data: names.flatMap((name) => modelOf(places, name) ?? []) };
}

export function modelOf(places: readonly Place[], name: string): ModelEntry | undefined {
  const having = places.filter(({ model }) => model === name);
  const [first] = having;
  if (first === undefined) return undefined;
  const serving = having.filter(({ state }) => state !== 'away');
  return {
    id: name,
    object: 'model',
    created: Math.floor(Math.min(...having.map(({ since }) => Date.parse(since))) / 1000),
    owned_by: 'muster',
    muster: {
      kind: first.kind,
      state: stateOf(serving),
      nodes: new Set(serving.map(({ nodeId }) => nodeId)).size,
      slots: serving.reduce((sum, { slots }) => sum + slots, 0),
    },
  };
}

function stateOf(serving: readonly Place[]): ModelEntry['muster']['state'] {
  if (serving.some(({ state, asleep }) => (state === 'ready' || state === 'spare') && !asleep)) return 'ready';
  if (serving.some(({ asleep }) => asleep)) return 'asleep';
  return serving.length > 0 ? 'starting' : 'offline';
}
