import { describeModel, type ModelFigures } from './describe-model.js';
import { type GgufHeader, ModelProblem, readGgufHeader } from './gguf-header.js';
import { unreadableWords } from './model-files.js';
import type { ModelSet } from './split-models.js';

/** What the files of a model say, or why it can not be used. */
export type ReadModel =
  | { readonly figures: ModelFigures }
  | { readonly problem: string }
  /** A problem of the machine, not of the files: it may be gone at the next look. */
  | { readonly problem: string; readonly passing: true };

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** Reads the headers of all the files of a model. Never throws: what goes wrong is the model's problem. */
export async function readModel({ files }: ModelSet): Promise<ReadModel> {
  try {
    const [first, ...others] = files;
    const headers: [GgufHeader, ...GgufHeader[]] = [await readWhole(first)];
    for (const file of others) headers.push(await readWhole(file));
    return { figures: describeModel(headers) };
  } catch (error) {
    if (error instanceof ModelProblem) return { problem: error.message };
    return { problem: unreadableWords(error), passing: true };
  }
}

async function readWhole({ path, sizeBytes }: ModelSet['files'][number]): Promise<GgufHeader> {
  const header = await readGgufHeader(path);
  if (header.completeBytes > sizeBytes)
    throw new ModelProblem(`It is half copied: ${shareOf(sizeBytes, header.completeBytes)} are there.`);
  return header;
}

/** Both in the unit of the whole, as in "1.2 of 4.6 GiB". */
function shareOf(part: number, whole: number): string {
  const [unit, name] = whole >= GIB ? [GIB, 'GiB'] : whole >= MIB ? [MIB, 'MiB'] : [1, 'bytes'];
  const digits = unit === 1 ? 0 : 1;
  return `${(part / unit).toFixed(digits)} of ${(whole / unit).toFixed(digits)} ${name}`;
}
