import type { ModelFile } from './model-files.js';

/** The files of one model: one, or the parts of a split one in their order; `missing` are the numbers of those not there. */
export interface ModelSet {
  /** The path below the model folder of the file, or of the first part, there or not. */
  readonly below: string;
  /** The file's name without its ending and its part's number. */
  readonly name: string;
  readonly files: readonly [ModelFile, ...ModelFile[]];
  readonly parts: number;
  readonly missing: readonly number[];
}

/** `name-00001-of-00003.gguf`: how llama.cpp names the parts of a split model. */
const PART = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i;
const FIVE_DIGITS = 5;
/** A model is in so many parts at most; a name that tells of more is taken as a name. */
const MAX_PARTS = 1_000;

const lastName = (below: string): string => below.slice(below.lastIndexOf('/') + 1);
const fiveDigits = (part: number): string => String(part).padStart(FIVE_DIGITS, '0');

/** Puts the parts of split models together. */
export function modelSets(files: readonly ModelFile[]): ModelSet[] {
  const sets = new Map<string, { below: string; name: string; parts: number; byPart: Map<number, ModelFile> }>();
  for (const file of files) {
    const [, start = '', number = '', count = ''] = PART.exec(file.below) ?? [];
    const part = Number(number);
    const parts = Number(count);
    const isPart = start !== '' && part >= 1 && part <= parts && parts > 1 && parts <= MAX_PARTS;
    // Two model folders may hold the same model: parts belong together when they lie in the same one.
    const root = file.path.slice(0, file.path.length - file.below.length);
    const key = isPart ? `${root}\0${start}\0${parts}` : file.path;
    const set = sets.get(key) ?? {
      below: isPart ? `${start}-${fiveDigits(1)}-of-${count}.gguf` : file.below,
      name: isPart ? lastName(start) : lastName(file.below).replace(/\.gguf$/i, ''),
      parts: isPart ? parts : 1,
      byPart: new Map<number, ModelFile>(),
    };
    set.byPart.set(isPart ? part : 1, file);
    sets.set(key, set);
  }
  return [...sets.values()].flatMap(({ byPart, ...set }): ModelSet[] => {
    const numbers = Array.from({ length: set.parts }, (_, n) => n + 1);
    const [first, ...others] = numbers.flatMap((part) => byPart.get(part) ?? []);
    if (first === undefined) return [];
    return [{ ...set, files: [first, ...others], missing: numbers.filter((part) => !byPart.has(part)) }];
  });
}

/** What a person reads of an incomplete set; undefined when all parts are there. */
export function missingWords({ parts, missing }: ModelSet): string | undefined {
  if (missing.length === 0) return undefined;
  const shown = missing.slice(0, 5).join(', ');
  const more = missing.length > 5 ? ` and ${missing.length - 5} more` : '';
  return `${parts - missing.length} of ${parts} parts are there; missing: ${shown}${more}.`;
}
