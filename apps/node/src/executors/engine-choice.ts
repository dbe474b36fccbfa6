import type { Engine } from '../engines/engine.js';

export type EngineChoice =
  | { readonly choice: 'engine'; readonly engine: Engine }
  /** `passing`: it may be there in a while by itself. */
  | { readonly choice: 'none'; readonly words: string; readonly passing: boolean };

/** The first engine that is ready; else what is in the way: one that is on its way before one that is missing. */
export function chooseEngine(engines: readonly Engine[]): EngineChoice {
  const ready = engines.find((engine) => engine.availability().state === 'ready');
  if (ready !== undefined) return { choice: 'engine', engine: ready };
  const states = engines.map((engine) => engine.availability());
  const installing = states.find(({ state }) => state === 'installing');
  if (installing !== undefined) return { choice: 'none', words: installing.words, passing: true };
  const words = states.map((each) => each.words).join(' ');
  return {
    choice: 'none',
    words: words === '' ? 'This node has no engine that serves model files' : words,
    passing: false,
  };
}
