/** Tokens as an answer tells them; what it does not tell is absent. */
export interface Usage {
  readonly tokensIn?: number;
  readonly tokensOut?: number;
}

/** A `usage` object has a few hundred bytes; one that is longer is not looked at. */
const LONGEST_USAGE = 4_096;
const KEY = '"usage"';

/**
 * Reads the last `usage` object out of a part of a JSON text without parsing the whole. The key with its quotes can not stand
 * inside a string: there its quotes are escaped. undefined when there is none, or only `null`.
 */
export function usageIn(text: string): Usage | undefined {
  for (let at = text.lastIndexOf(KEY); at !== -1; at = at === 0 ? -1 : text.lastIndexOf(KEY, at - 1)) {
    const begin = /^\s*:\s*(?=\{)/.exec(text.slice(at + KEY.length, at + KEY.length + 16));
    if (begin === null) continue;
    const usage = objectAt(text, at + KEY.length + begin[0].length);
    if (usage !== undefined) return usage;
  }
  return undefined;
}

/** The object that begins here. Usage objects hold numbers and further objects of numbers, so braces can be counted. */
function objectAt(text: string, from: number): Usage | undefined {
  let depth = 0;
  for (let at = from; at < text.length && at - from < LONGEST_USAGE; at += 1) {
    const letter = text.charCodeAt(at);
    if (letter === 0x7b) depth += 1;
    else if (letter === 0x7d && --depth === 0) return usageOf(text.slice(from, at + 1));
  }
  return undefined;
}

function usageOf(json: string): Usage | undefined {
  let read: unknown;
  try {
    read = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof read !== 'object' || read === null) return undefined;
  const told = read as Record<string, unknown>;
  const tokensIn = countOf(told['prompt_tokens']) ?? countOf(told['input_tokens']);
  const tokensOut = countOf(told['completion_tokens']) ?? countOf(told['output_tokens']);
  return {
    ...(tokensIn !== undefined && { tokensIn }),
    ...(tokensOut !== undefined && { tokensOut }),
  };
}

const countOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

const HEAD_BYTES = 4_096;
const TAIL_BYTES = 16_384;

/** Looks for the usage in a whole answer that passes by in parts. Keeps its beginning and its end, some engines tell it first. */
export class AnswerTap {
  #head = '';
  #tail = '';

  take(chunk: Buffer): void {
    if (this.#head.length < HEAD_BYTES) this.#head += chunk.toString('latin1', 0, HEAD_BYTES - this.#head.length);
    this.#tail =
      chunk.length >= TAIL_BYTES
        ? chunk.toString('latin1', chunk.length - TAIL_BYTES)
        : (this.#tail + chunk.toString('latin1')).slice(-TAIL_BYTES);
  }

  usage(): Usage | undefined {
    return usageIn(this.#tail) ?? usageIn(this.#head);
  }
}
