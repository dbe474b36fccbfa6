import type { Model } from '@muster/contracts';
import { known } from '../known.js';
import { type GgufHeader, type GgufTensor, ModelProblem } from './gguf-header.js';
import { fileTypeName, tensorTypeName } from './gguf-types.js';
import { HeaderValues } from './header-values.js';
import { memoryFigures } from './memory-figures.js';

/** `pooling_type`: how the vectors of the tokens become one; 0 is not at all, 4 is a rank instead of a vector. */
const NO_POOLING = 0;
const RANK = 4;

/** Files that go with a model and are none: `general.type`, or their architecture. */
const companions: Readonly<Record<string, string>> = {
  mmproj: 'It is the image or sound part of another model and is not served alone.',
  clip: 'It is the image or sound part of another model and is not served alone.',
  adapter: 'It is an adapter for another model and is not served alone.',
  imatrix: 'It holds statistics for packing another model.',
  vocab: 'It is a vocabulary without a model.',
};

export type ModelFigures = Omit<Model, 'modelId' | 'name' | 'source' | 'path' | 'problem' | 'sizeBytes' | 'parts'>;

/**
 * What the headers of a model's files say, those of a split model in the order of its parts. Throws ModelProblem for a file
 * that holds something else than a model that can be served.
 */
export function describeModel(headers: readonly [GgufHeader, ...GgufHeader[]]): ModelFigures {
  const values = new HeaderValues(headers[0]);
  const tensors = headers.flatMap((header) => header.tensors);
  const { family } = values;
  if (family === undefined) throw new ModelProblem('The header does not say which architecture it is.');
  const companion = companions[values.text('general.type', 64) ?? ''] ?? companions[family];
  if (companion !== undefined) throw new ModelProblem(companion);
  if (tensors.length === 0) throw new ModelProblem('It holds no weights.');
  const pooling = values.own('pooling_type');
  if (pooling === RANK) throw new ModelProblem('It ranks texts, which nodes do not serve.');
  const embeds = !values.looksBack || (pooling !== undefined && pooling !== NO_POOLING);
  const parameters = tensors.reduce((sum, { numbers }) => sum + numbers, 0);
  return known<ModelFigures>({
    kind: embeds ? 'embedding' : 'chat',
    title: values.text('general.name', 256),
    family,
    parameters: Number.isSafeInteger(parameters) && parameters > 0 ? parameters : undefined,
    quantisation: fileTypeName(values.count('general.file_type') ?? -1) ?? mostUsed(tensors),
    contextLength: values.own('context_length') || undefined,
    memory: memoryFigures(values, tensors, embeds),
  });
}

/** The packing of most of the weights. */
function mostUsed(tensors: readonly GgufTensor[]): string | undefined {
  const numbers = new Map<number, number>();
  for (const tensor of tensors) numbers.set(tensor.type, (numbers.get(tensor.type) ?? 0) + tensor.numbers);
  const [most] = [...numbers].sort(([, one], [, other]) => other - one);
  return most === undefined ? undefined : tensorTypeName(most[0]);
}
