import { readableText } from '@muster/contracts';
import type { GgufHeader, GgufValue } from './gguf-header.js';

/** Architectures that turn a text into numbers and never write one. */
const encoders: ReadonlySet<string> = new Set([
  'bert',
  'nomic-bert',
  'nomic-bert-moe',
  'neo-bert',
  'eurobert',
  'modern-bert',
  'jina-bert-v2',
  'jina-bert-v3',
  'gemma-embedding',
  't5encoder',
]);

/** Reads the keys of one header: what is not there, or is of another type than expected, is undefined. */
export class HeaderValues {
  readonly family: string | undefined;

  constructor(private readonly header: Pick<GgufHeader, 'values'>) {
    this.family = this.text('general.architecture', 64);
  }

  /** Whether it writes after what it read; an encoder reads all of a text at once. */
  get looksBack(): boolean {
    return !encoders.has(this.family ?? '') && this.ownFlag('attention.causal') !== false;
  }

  /** A text made fit to be shown, cut to `longest` characters; undefined when nothing visible is left. */
  text(key: string, longest: number): string | undefined {
    const value = this.header.values.get(key);
    if (typeof value !== 'string') return undefined;
    const shown = readableText(value).replace(/\s+/g, ' ').trim().slice(0, longest).trim();
    return shown === '' ? undefined : shown;
  }

  flag(key: string): boolean | undefined {
    const value = this.header.values.get(key);
    return typeof value === 'boolean' ? value : undefined;
  }

  /** A count: whole, not negative, small enough to reckon with. */
  count(key: string): number | undefined {
    return countOf(this.header.values.get(key));
  }

  /** How long an array is. */
  length(key: string): number | undefined {
    const value = this.header.values.get(key);
    return typeof value === 'object' ? value.length : undefined;
  }

  /** A count of the model's own architecture: `llama.block_count` for `block_count`. */
  own(key: string): number | undefined {
    return this.count(`${this.family ?? ''}.${key}`);
  }

  ownFlag(key: string): boolean | undefined {
    return this.flag(`${this.family ?? ''}.${key}`);
  }

  /** A count that may differ from layer to layer, for each of so many layers. */
  perLayer(key: string, layers: number): number[] | undefined {
    const value = this.header.values.get(`${this.family ?? ''}.${key}`);
    if (isNumbers(value))
      return value.length < layers ? undefined : value.slice(0, layers).map((count) => countOf(count) ?? 0);
    const count = countOf(value);
    return count === undefined ? undefined : Array.from({ length: layers }, () => count);
  }
}

/** No figure of a model is larger; beyond, products would not be exact. */
const MAX_COUNT = 2 ** 31;

const countOf = (value: GgufValue | undefined): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_COUNT ? value : undefined;
const isNumbers = (value: GgufValue | undefined): value is readonly number[] => Array.isArray(value);
