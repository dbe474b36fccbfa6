import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { type PlaygroundChat, type PlaygroundStep, API_KEY_MARK, type RequestOf } from '@muster/contracts';
import { request } from 'undici';
import type { Slots } from '../slots/slots.js';
import { sseData } from './sse.js';

export interface PlaygroundParts {
  /** The server that applications call: the playground calls it too, so that what is tried is what they get. */
  readonly server: () => Server;
  readonly load: () => Slots['load'];
  readonly monotonicMs: () => number;
}

/** More of an error than this is not read. */
const MOST_ERROR_BYTES = 16 * 1024;

/** Tries out a model for somebody at the console, by the same door that applications use. */
export class Playground {
  /** Opens the door for the playground alone: made anew in each process, and never told to anybody. */
  readonly key = `${API_KEY_MARK}${randomBytes(32).toString('base64url')}`;

  constructor(private readonly parts: PlaygroundParts) {}

  async *chat(
    { model, messages, temperature, maxTokens }: RequestOf<typeof PlaygroundChat>,
    signal: AbortSignal,
  ): AsyncGenerator<PlaygroundStep> {
    const address = this.parts.server().address();
    if (address === null || typeof address === 'string') throw new Error('The router does not listen yet');
    const sentMs = this.parts.monotonicMs();
    const choices = this.#choices(model);
    const host = address.family === 'IPv6' ? '[::1]' : '127.0.0.1';
    const { statusCode, headers, body } = await request(`http://${host}:${address.port}/v1/chat/completions`, {
      method: 'POST',
      signal,
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model,
        messages,
        stream: true,
        stream_options: { include_usage: true },
        ...(temperature !== undefined && { temperature }),
        ...(maxTokens !== undefined && { max_tokens: maxTokens }),
      }),
      // The door has its own deadlines.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const header = (name: string) => String(headers[name] ?? '');
    if (statusCode !== 200) {
      yield failureOf(statusCode, await textOf(body, MOST_ERROR_BYTES));
      return;
    }
    let isRouted = false;
    let firstMs: number | undefined;
    let done: Extract<PlaygroundStep, { step: 'done' }> | undefined;
    for await (const data of sseData(body)) {
      const chunk = JSON.parse(data) as Chunk;
      if (chunk.error !== undefined) {
        yield { step: 'failed', status: statusCode, ...errorOf(chunk.error) };
        return;
      }
      if (!isRouted) {
        isRouted = true;
        yield {
          step: 'routed',
          requestId: header('x-request-id'),
          nodeName: decodeURIComponent(header('x-muster-node')),
          executorId: decodeURIComponent(header('x-muster-executor')),
          queueMs: Number(header('x-muster-queue-ms')),
          choices,
        };
      }
      const [choice] = chunk.choices ?? [];
      const text = choice?.delta?.content ?? '';
      if (text !== '') {
        firstMs ??= this.parts.monotonicMs() - sentMs;
        yield { step: 'text', text };
      }
      done = {
        ...(done ?? { step: 'done', totalMs: 0 }),
        ...(choice?.finish_reason != null && { finishReason: choice.finish_reason }),
        ...(chunk.usage != null && {
          tokensIn: chunk.usage.prompt_tokens ?? 0,
          tokensOut: chunk.usage.completion_tokens ?? 0,
        }),
      };
    }
    yield {
      ...(done ?? { step: 'done' }),
      ...(firstMs !== undefined && { firstTokenMs: firstMs }),
      totalMs: this.parts.monotonicMs() - sentMs,
    };
  }

  #choices(model: string): Extract<PlaygroundStep, { step: 'routed' }>['choices'] {
    return this.parts
      .load()
      .filter(({ place }) => place.model === model && place.state !== 'away')
      .slice(0, 1_000)
      .map(({ place: { nodeName, executorId, slots }, inFlight }) => ({ nodeName, executorId, slots, inFlight }));
  }
}

/** What of a chunk is read here: the router's own words and what executors say in OpenAI's shape. */
interface Chunk {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null } | null;
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly prompt_tokens?: number; readonly completion_tokens?: number } | null;
  readonly error?: unknown;
}

function errorOf(error: unknown): { code?: string; words: string } {
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown };
  return {
    ...(typeof code === 'string' && { code }),
    words: typeof message === 'string' ? message : 'The request failed.',
  };
}

function failureOf(status: number, text: string): PlaygroundStep {
  try {
    return { step: 'failed', status, ...errorOf((JSON.parse(text) as { error?: unknown }).error) };
  } catch {
    return { step: 'failed', status, words: `The request failed with status ${status}.` };
  }
}

async function textOf(body: AsyncIterable<Buffer>, most: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= most) break;
  }
  return Buffer.concat(parts).subarray(0, most).toString();
}
