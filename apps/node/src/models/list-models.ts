import { type Model, readableText } from '@muster/contracts';
import { BEING_WRITTEN } from './describe-change.js';
import type { ReadModel } from './read-model.js';
import { missingWords, type ModelSet } from './split-models.js';

/** One that is or should be a model, with what is known of it: undefined while it is being written. */
export type Listed =
  | { readonly set: ModelSet; readonly read: ReadModel | undefined }
  | { readonly below: string; readonly path: string; readonly problem: string };

const LONGEST = 256;

/** So many models lie on a shelf at most. */
export const MOST_MODELS = 1_000;
/** The longest path that the Gateway is told. */
const LONGEST_PATH = 1_024;

/** Text that anyone can read, of at most 256 characters: its end is what tells paths apart. */
const shown = (text: string): string => {
  const readable = readableText(text);
  return readable.length <= LONGEST ? readable : `…${readable.slice(1 - LONGEST)}`;
};

/**
 * The models as a node tells of them, in the order given. The path below the model folder names a model; where two folders
 * hold the same one, the second goes by its whole path. Two whose
 * paths can not be told apart are one.
 */
export function listModels(listed: readonly Listed[]): Model[] {
  const models: Model[] = [];
  const ids = new Set<string>();
  for (const one of listed) {
    const path = 'set' in one ? one.set.files[0].path : one.path;
    const below = 'set' in one ? one.set.below : one.below;
    const modelId = ids.has(shown(below)) ? shown(path) : shown(below);
    if (ids.has(modelId)) continue;
    ids.add(modelId);
    models.push(modelOf(one, modelId, path));
  }
  return models;
}

function modelOf(one: Listed, modelId: string, path: string): Model {
  const odd = oddPath(path);
  if (odd !== undefined)
    return {
      modelId,
      name: shown(modelId.slice(modelId.lastIndexOf('/') + 1)) || modelId,
      source: 'file',
      kind: 'chat',
      problem: odd,
    };
  if (!('set' in one)) {
    const name = shown(one.below.slice(one.below.lastIndexOf('/') + 1).replace(/\.gguf$/i, '')) || modelId;
    return { modelId, name, source: 'file', kind: 'chat', path, problem: one.problem };
  }
  const { set, read } = one;
  const known = {
    modelId,
    name: shown(set.name) || modelId,
    source: 'file' as const,
    path,
    ...(set.parts > 1 ? { parts: set.parts } : {}),
  };
  if (read === undefined) return { ...known, kind: 'chat', problem: BEING_WRITTEN };
  const sizeBytes = set.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const missing = missingWords(set);
  if (missing !== undefined) return { ...known, kind: 'chat', sizeBytes, problem: missing };
  if ('problem' in read) return { ...known, kind: 'chat', sizeBytes, problem: read.problem };
  return { ...known, ...read.figures, sizeBytes };
}

/** Why a path can not be told of as it is. */
function oddPath(path: string): string | undefined {
  if (path.length > LONGEST_PATH) return `Its path is longer than ${LONGEST_PATH} characters.`;
  return readableText(path) === path ? undefined : 'Its path holds characters that can not be shown: rename it.';
}
