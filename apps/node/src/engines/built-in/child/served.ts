import type { Figures } from './figures.js';
import type { ChatWrapper, EmbeddingContext, Grammar, Library, Llama, Model, Sequence, Token } from './library.js';
import { OpenAiError } from './openai-error.js';
import type { Slots } from './slots.js';

/** A model in memory with all that is needed to answer requests from it. */
export interface ServedModel {
  readonly name: string;
  readonly contextTokens: number;
  readonly batchTokens: number;
  readonly library: Library;
  readonly llama: Llama;
  readonly model: Model;
  readonly figures: Figures;
  readonly grammars: Grammars;
  readonly use:
    | { readonly kind: 'chat'; readonly slots: Slots<Sequence>; readonly chatWrapper: ChatWrapper }
    | { readonly kind: 'embedding'; readonly slots: Slots<EmbeddingContext> };
  debug(words: string): void;
}

/** The slots of a model that chats. Throws OpenAiError for one that does not. */
export function chatting({ use, name }: ServedModel): Extract<ServedModel['use'], { kind: 'chat' }> {
  if (use.kind === 'chat') return use;
  throw new OpenAiError(400, `The model '${name}' makes embeddings and nothing else.`, 'unsupported_model', 'model');
}

/**
 * Brings a slot to where only the prompt's last token is missing: what it has in common with the request before stays, the
 * rest is evaluated batch by batch. Between two batches it looks whether the caller is still there. Resolves with how many
 * tokens were there already.
 */
export async function loadPrompt(
  sequence: Sequence,
  prompt: readonly Token[],
  batchTokens: number,
  signal: AbortSignal,
): Promise<number> {
  const wanted = prompt.slice(0, -1);
  const cached = Math.min(sequence.compareContextTokens(wanted).firstDifferentIndex, wanted.length);
  await sequence.adaptStateToTokens(wanted, false);
  // Fewer may be left than were in common: some models can not go back to any place.
  let done = Math.min(sequence.compareContextTokens(wanted).firstDifferentIndex, cached);
  const kept = done;
  while (done < wanted.length) {
    signal.throwIfAborted();
    await sequence.evaluateWithoutGeneratingNewTokens(wanted.slice(done, done + batchTokens));
    done += batchTokens;
  }
  signal.throwIfAborted();
  return kept;
}

/** Grammars of schemas, the last 32 of them kept: making one costs more than a token, and callers repeat themselves. */
export class Grammars {
  static readonly #KEPT = 32;
  readonly #known = new Map<string, Promise<Grammar>>();
  constructor(private readonly llama: Llama) {}

  /** Any JSON value. */
  json(): Promise<Grammar> {
    return this.#kept('json', () => this.llama.getGrammarFor('json'));
  }

  /** What fits the schema. Rejects with OpenAiError when the library can not make a grammar of it. */
  ofSchema(schema: object, param: string): Promise<Grammar> {
    return this.#kept(JSON.stringify(schema), () => this.llama.createGrammarForJsonSchema(schema)).catch(
      (error: unknown) => {
        throw new OpenAiError(400, `No grammar can be made of the schema: ${String(error)}`, 'invalid_schema', param);
      },
    );
  }

  #kept(key: string, make: () => Promise<Grammar>): Promise<Grammar> {
    const grammar = this.#known.get(key) ?? make();
    this.#known.delete(key);
    this.#known.set(key, grammar);
    grammar.catch(() => this.#known.delete(key));
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= Grammars.#KEPT) break;
      this.#known.delete(oldest);
    }
    return grammar;
  }
}
