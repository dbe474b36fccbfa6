import type { ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import { sendJson } from './http.js';
import { badValue, contextTooLong, notSupported, OpenAiError } from './openai-error.js';
import { given, parseBody } from './parse-body.js';
import { refuseUnsupported } from './sampling.js';
import type { ServedModel } from './served.js';

const Tokens = z.array(z.int().check(z.gte(0)));

/** `POST /v1/embeddings`. */
const EmbeddingRequest = z.object({
  model: given(z.string()),
  input: z.union([z.string(), Tokens, z.array(z.string()), z.array(Tokens)]),
  encoding_format: given(z.enum(['float', 'base64'])),
  dimensions: given(z.int()),
});
type Input = z.infer<typeof EmbeddingRequest>['input'];

/** As many as the OpenAI API takes. */
const MAX_INPUTS = 2048;

const inputsOf = (input: Input): (string | number[])[] => {
  if (typeof input === 'string') return [input];
  return input.length > 0 && input.every((part) => typeof part === 'number')
    ? [input]
    : (input as (string | number[])[]);
};

/** Of length 1, as callers of this API expect it. */
function normalised(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return length === 0 ? [...vector] : vector.map((value) => value / length);
}

const base64 = (vector: readonly number[]): string => Buffer.from(Float32Array.from(vector).buffer).toString('base64');

/** Throws OpenAiError as long as nothing has been answered. */
export async function answerEmbedding(
  body: unknown,
  served: ServedModel,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const request = parseBody(EmbeddingRequest, body);
  refuseUnsupported(request, served.name);
  if (served.use.kind !== 'embedding')
    throw new OpenAiError(400, `The model '${served.name}' makes no embeddings.`, 'unsupported_model', 'model');
  const inputs = inputsOf(request.input);
  if (inputs.length === 0 || inputs.length > MAX_INPUTS)
    throw badValue('input', `Give 1 to ${MAX_INPUTS} inputs a request.`);
  const [anyContext] = served.use.slots.items;
  const lengths = inputs.map((input, n) => {
    const param = inputs.length === 1 ? 'input' : `input[${n}]`;
    if (input.length === 0) throw badValue(param, 'An input is empty.');
    const length = anyContext?.calculateInputLength(copyOf(input)) ?? 0;
    if (length >= served.contextTokens) throw contextTooLong(length, served.contextTokens, param);
    return length;
  });

  const slot = await served.use.slots.claim(signal, () => 0);
  try {
    const vectors: number[][] = [];
    for (const input of inputs) {
      signal.throwIfAborted();
      vectors.push(normalised((await slot.item.getEmbeddingFor(copyOf(input))).vector));
    }
    const size = vectors[0]?.length ?? 0;
    if (request.dimensions != null && request.dimensions !== size)
      throw notSupported('dimensions', `This model makes embeddings of ${size} numbers, and no others.`);
    const total = lengths.reduce((sum, length) => sum + length, 0);
    served.figures.promptTokens += total;
    sendJson(response, 200, {
      object: 'list',
      model: served.name,
      data: vectors.map((vector, index) => ({
        object: 'embedding',
        index,
        embedding: request.encoding_format === 'base64' ? base64(vector) : vector,
      })),
      usage: { prompt_tokens: total, total_tokens: total },
    });
  } finally {
    slot.release();
  }
}

/** The library adds its own tokens to the array that it is given. */
const copyOf = (input: string | readonly number[]): string | number[] =>
  typeof input === 'string' ? input : [...input];
