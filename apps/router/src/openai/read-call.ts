import type { RequestEndpoint } from '@muster/contracts';
import * as z from 'zod/mini';
import { hashOf } from '../slots/choice.js';
import { type ApiError, callErrors } from './errors.js';

/** What the router itself reads of a request; all else is between client and executor. */
export interface Call {
  readonly endpoint: RequestEndpoint;
  readonly model: string;
  readonly stream: boolean;
  /** What goes to the node. */
  readonly body: Buffer;
  /** Names the beginning of a long prompt. */
  readonly prefix: number | undefined;
  /** The usage at the end of a stream is read here and not passed on: the client did not ask for it. */
  readonly hideUsage: boolean;
}

export type ReadCall =
  { readonly outcome: 'read'; readonly call: Call } | { readonly outcome: 'bad'; readonly error: ApiError };

const bad = (error: ApiError): ReadCall => ({ outcome: 'bad', error });

/** Compiled: it is run for every request. */
const Body = z.compile(
  z.object({
    model: z
      .string('model must be text: the name of a model')
      .check(
        z.minLength(1, 'model must name a model'),
        z.maxLength(256, 'model must not be longer than 256 characters'),
      ),
    stream: z.optional(z.nullable(z.boolean('stream must be true or false'))),
    stream_options: z.optional(z.nullable(z.looseObject({ include_usage: z.optional(z.nullable(z.boolean())) }))),
    messages: z.optional(z.unknown()),
    prompt: z.optional(z.unknown()),
  }),
);
type Body = z.infer<typeof Body>;

/** JSON of an object, parsed; or why it is none. */
export function parseObject(
  bytes: Buffer,
): { readonly object: Record<string, unknown> } | { readonly error: ApiError } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch {
    return { error: callErrors.notJson };
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return { error: callErrors.notJson };
  return { object: parsed as Record<string, unknown> };
}

/** Reads a call of the endpoints whose bytes go to the node as they are. */
export function readCall(endpoint: RequestEndpoint, bytes: Buffer): ReadCall {
  const parsed = parseObject(bytes);
  if ('error' in parsed) return bad(parsed.error);
  return callOf(endpoint, bytes, parsed.object);
}

/** The same of a body that was parsed already. */
export function callOf(endpoint: RequestEndpoint, bytes: Buffer, object: Record<string, unknown>): ReadCall {
  const read = Body.safeParse(object);
  if (!read.success) {
    const [issue] = read.error.issues;
    return bad(
      callErrors.field(issue?.path.map(String).join('.') ?? 'body', issue?.message ?? 'The body is not valid'),
    );
  }
  const body = read.data;
  const stream = body.stream === true && endpoint !== 'embeddings';
  const asksUsage = body.stream_options?.include_usage === true;
  return {
    outcome: 'read',
    call: {
      endpoint,
      model: body.model,
      stream,
      body: stream && !asksUsage ? askingUsage(bytes, object, body) : bytes,
      prefix: prefixOf(body),
      hideUsage: stream && !asksUsage,
    },
  };
}

const OPEN_BRACE = 0x7b;
const ASK_USAGE = Buffer.from('"stream_options":{"include_usage":true},');

/** The same body, asking for the usage too. The bytes are kept as they are where nothing has to be changed inside. */
function askingUsage(bytes: Buffer, object: Record<string, unknown>, { stream_options: options }: Body): Buffer {
  const begin = bytes.indexOf(OPEN_BRACE) + 1;
  if (!('stream_options' in object)) return Buffer.concat([bytes.subarray(0, begin), ASK_USAGE, bytes.subarray(begin)]);
  return Buffer.from(JSON.stringify({ ...object, stream_options: { ...options, include_usage: true } }));
}

/** A beginning that is shorter than this is computed faster than it is looked for. */
const SHORTEST_PREFIX = 200;
const LONGEST_PREFIX = 2_000;

/** The instructions and the first words of a conversation, or the beginning of a prompt. */
function prefixOf({ messages, prompt }: Body): number | undefined {
  const text = Array.isArray(messages)
    ? messages.slice(0, 2).map(contentOf).join('\n')
    : typeof prompt === 'string'
      ? prompt
      : '';
  return text.length < SHORTEST_PREFIX ? undefined : hashOf(text.slice(0, LONGEST_PREFIX));
}

function contentOf(message: unknown): string {
  const content = (message as { content?: unknown } | null)?.content;
  if (typeof content === 'string') return content.slice(0, LONGEST_PREFIX);
  if (!Array.isArray(content)) return '';
  const [part] = content as ({ text?: unknown } | null)[];
  return typeof part?.text === 'string' ? part.text.slice(0, LONGEST_PREFIX) : '';
}
