import { boundedModels, type Model, type ModelList } from '@muster/contracts';

/**
 * What is told of the models of a node: its files, and what servers offer that run here anyway. The same object for as long as
 * nothing has changed, which is what a link goes by.
 */
export function toldModels(files: () => readonly Model[], offered: () => readonly Model[]): () => ModelList {
  let before: readonly Model[] | undefined;
  let offeredText = '';
  let told = boundedModels([]);
  return () => {
    const now = files();
    const others = offered();
    const text = others.length === 0 ? '' : JSON.stringify(others);
    if (now !== before || text !== offeredText) {
      told = boundedModels([...now, ...others]);
      before = now;
      offeredText = text;
    }
    return told;
  };
}
