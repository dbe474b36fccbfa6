import { randomInt } from 'node:crypto';
import type * as z from 'zod/mini';
import type { Library, Sampling, TokenBias } from './library.js';
import { notSupported, OpenAiError } from './openai-error.js';
import type { samplingFields } from './parse-body.js';

type Fields = { [Key in keyof typeof samplingFields]?: z.output<(typeof samplingFields)[Key]> };

/** llama-server's own defaults, so that both engines answer alike where a request says nothing. */
const defaults = { temperature: 0.8, topP: 0.95, topK: 40, minP: 0.05 } as const;

/** How a request wants its tokens chosen. Without a seed each request gets its own. */
export function samplingOf(fields: Fields, library: Pick<Library, 'TokenBias'>, tokenizer: unknown): Sampling {
  const bias = tokenBias(fields.logit_bias ?? {}, library, tokenizer);
  const penalty = fields.repeat_penalty ?? 1;
  const frequencyPenalty = fields.frequency_penalty ?? 0;
  const presencePenalty = fields.presence_penalty ?? 0;
  return {
    temperature: fields.temperature ?? defaults.temperature,
    topP: fields.top_p ?? defaults.topP,
    topK: fields.top_k ?? defaults.topK,
    minP: fields.min_p ?? defaults.minP,
    // The sampler takes 32 bits without a sign.
    seed: fields.seed == null ? randomInt(2 ** 32) : fields.seed >>> 0,
    repeatPenalty:
      penalty === 1 && frequencyPenalty === 0 && presencePenalty === 0
        ? false
        : { penalty, frequencyPenalty, presencePenalty },
    ...(bias === undefined ? {} : { tokenBias: bias }),
  };
}

function tokenBias(
  biases: Readonly<Record<string, number>>,
  { TokenBias }: Pick<Library, 'TokenBias'>,
  tokenizer: unknown,
): TokenBias | undefined {
  const entries = Object.entries(biases);
  if (entries.length === 0) return undefined;
  const bias = new TokenBias(tokenizer);
  // In the API -100 means "never".
  for (const [token, value] of entries) bias.set([Number(token)], value === -100 ? 'never' : { logit: value });
  return bias;
}

export const stopsOf = ({ stop }: Pick<Fields, 'stop'>): string[] =>
  (typeof stop === 'string' ? [stop] : (stop ?? [])).filter((text) => text !== '');

/**
 * Refuses what all kinds of requests may ask for and this engine does not do: another model, several answers at once, and
 * probabilities. Throws OpenAiError.
 */
export function refuseUnsupported(
  fields: Pick<Fields, 'model' | 'n'> & { readonly logprobs?: unknown; readonly top_logprobs?: unknown },
  served: string,
): void {
  if (fields.model != null && fields.model !== served)
    throw new OpenAiError(404, `The model '${fields.model}' is not served here.`, 'model_not_found', 'model');
  if (fields.n != null && fields.n !== 1) throw notSupported('n', 'One answer a request: n must be 1.');
  for (const name of ['logprobs', 'top_logprobs'] as const) {
    const value = fields[name];
    if (value != null && value !== false && value !== 0)
      throw notSupported(name, 'This engine tells no probabilities of tokens.');
  }
}

/** Refuses fields whose effect a caller would miss, where they are set. Throws OpenAiError. */
export function refuseFields(fields: Readonly<Record<string, unknown>>, words: Readonly<Record<string, string>>): void {
  for (const [name, why] of Object.entries(words)) if (fields[name] != null) throw notSupported(name, why);
}
