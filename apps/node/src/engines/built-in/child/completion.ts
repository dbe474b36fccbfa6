import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import { EventStream, sendJson } from './http.js';
import type { Token } from './library.js';
import { badValue, contextTooLong, notSupported, OpenAiError } from './openai-error.js';
import { given, parseBody, samplingFields } from './parse-body.js';
import { refuseFields, refuseUnsupported, samplingOf, stopsOf } from './sampling.js';
import { chatting, loadPrompt, type ServedModel } from './served.js';
import { finishReason, fingerprint, usageOf } from './wire.js';

const Tokens = z.array(z.int().check(z.gte(0)));

/** `POST /v1/completions`. */
const CompletionRequest = z.object({
  ...samplingFields,
  prompt: z.union([z.string(), Tokens, z.array(z.string()), z.array(Tokens)]),
  logprobs: given(z.int()),
  best_of: given(z.int()),
  echo: given(z.boolean()),
  suffix: given(z.string()),
});

/** The one prompt of a request: a text, in which the model's special tokens are read as such, or tokens. */
function promptTokens(prompt: z.infer<typeof CompletionRequest>['prompt'], { model }: ServedModel): Token[] {
  const tokens = (text: string) => model.tokenize(text, true);
  if (typeof prompt === 'string') return tokens(prompt);
  if (prompt.every((part) => typeof part === 'number')) return prompt;
  const [only, ...more] = prompt;
  if (only === undefined || more.length > 0)
    throw notSupported('prompt', 'One prompt a request: send the others in requests of their own.');
  return typeof only === 'string' ? tokens(only) : (only as Token[]);
}

/** Throws OpenAiError as long as nothing has been answered. */
export async function answerCompletion(
  body: unknown,
  served: ServedModel,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const request = parseBody(CompletionRequest, body);
  refuseUnsupported(request, served.name);
  refuseFields(request, { suffix: 'This engine continues a text and fills in none: leave suffix out.' });
  if (request.best_of != null && request.best_of !== 1) throw notSupported('best_of', 'best_of must be 1.');
  if (request.echo === true) throw notSupported('echo', 'This engine does not repeat the prompt: echo must be false.');
  const { slots } = chatting(served);
  const text = promptTokens(request.prompt, served);
  const { bos, shouldPrependBosToken } = served.model.tokens;
  // The library begins with it by itself; counted and loaded here all the same.
  const prompt = shouldPrependBosToken && bos !== null && text[0] !== bos ? [bos, ...text] : text;
  if (prompt.length === 0) throw badValue('prompt', 'The prompt is empty.');
  const room = served.contextTokens - prompt.length - 1;
  if (room < 1) throw contextTooLong(prompt.length, served.contextTokens, 'prompt');

  const slot = await slots.claim(signal, (sequence) => sequence.compareContextTokens(prompt).firstDifferentIndex);
  const completion = new served.library.LlamaCompletion({ contextSequence: slot.item });
  let stream: EventStream<{ kind: 'text'; text: string }> | undefined;
  try {
    const head = {
      id: `cmpl-${randomUUID()}`,
      object: 'text_completion',
      created: Math.floor(Date.now() / 1000),
      model: served.name,
      system_fingerprint: fingerprint,
    };
    const chunk = (piece: string, finish: string | null) => ({
      ...head,
      choices: [{ index: 0, text: piece, logprobs: null, finish_reason: finish }],
    });
    if (request.stream === true) stream = new EventStream(response, (piece) => chunk(piece.text, null));
    let said = '';
    const cachedTokens = await loadPrompt(slot.item, prompt, served.batchTokens, signal);
    const before = slot.item.tokenMeter.usedOutputTokens;
    const { metadata } = await completion.generateCompletionWithMeta(
      prompt[0] === bos && shouldPrependBosToken ? prompt.slice(1) : prompt,
      {
        ...samplingOf(request, served.library, served.model.tokenizer),
        signal,
        stopOnAbortSignal: true,
        maxTokens: Math.min(request.max_tokens ?? room, room),
        customStopTriggers: stopsOf(request),
        onTextChunk: (piece) => {
          said += piece;
          if (piece !== '') stream?.text({ kind: 'text', text: piece });
        },
        contextShiftSize: 1,
        disableContextShift: true,
      },
    );
    if (metadata.stopReason === 'abort') return;
    const usage = usageOf(prompt.length, slot.item.tokenMeter.usedOutputTokens - before, cachedTokens);
    const finish = finishReason(metadata.stopReason);
    served.figures.promptTokens += prompt.length;
    if (stream === undefined) {
      sendJson(response, 200, { ...chunk(said, finish), usage });
      return;
    }
    stream.event(chunk('', finish));
    if (request.stream_options?.include_usage === true) stream.event({ ...head, choices: [], usage });
    stream.end();
  } catch (error) {
    if (signal.aborted) throw error;
    // Whatever state it is in: the next request begins from nothing.
    await slot.item.clearHistory();
    if (stream === undefined) throw error;
    served.figures.errors += 1;
    stream.end(error instanceof OpenAiError ? error : new OpenAiError(500, String(error), 'engine_failed'));
  } finally {
    completion.dispose();
    slot.release();
  }
}
