import * as z from 'zod/mini';
import { type ApiError, callErrors } from '../openai/errors.js';
import { type Call, callOf, parseObject } from '../openai/read-call.js';
import type { Rendering } from '../serving/rendering.js';
import { ResponseStream } from './response-stream.js';
import { type Asked, askedOf, wholeResponse } from './response-shape.js';
import { messagesOf, responseFormatOf, toolChoiceOf, toolsOf, Unsupported } from './to-chat.js';

export type ReadResponsesCall =
  | { readonly outcome: 'read'; readonly call: Call; readonly rendering: Rendering }
  | { readonly outcome: 'bad'; readonly error: ApiError };

/** What only a store of answers could do; Muster keeps no word of them. */
const STATEFUL = {
  previous_response_id:
    'Muster keeps no answers: send the whole conversation as input instead of previous_response_id.',
  conversation: 'Muster keeps no conversations: send the whole conversation as input.',
  prompt: 'Muster keeps no prompts: send their text as instructions and input.',
} as const;

const Body = z.looseObject({
  model: z.string('model must be text: the name of a model'),
  input: z.union(
    [z.string(), z.array(z.looseObject({ type: z.optional(z.string()) }))],
    'input must be text, or a list of items',
  ),
  instructions: z.optional(z.nullable(z.string('instructions must be text'))),
  stream: z.optional(z.nullable(z.boolean('stream must be true or false'))),
  store: z.optional(z.nullable(z.boolean())),
  background: z.optional(z.nullable(z.boolean())),
  truncation: z.optional(z.nullable(z.string())),
  include: z.optional(z.nullable(z.array(z.string()))),
  tools: z.optional(z.nullable(z.array(z.looseObject({ type: z.string() })))),
  tool_choice: z.optional(z.nullable(z.unknown())),
  text: z.optional(z.nullable(z.looseObject({ format: z.optional(z.nullable(z.looseObject({ type: z.string() }))) }))),
  reasoning: z.optional(z.nullable(z.looseObject({ effort: z.optional(z.nullable(z.string())) }))),
  max_output_tokens: z.optional(z.nullable(z.number().check(z.int(), z.gte(1)))),
});
export type ResponsesBody = z.infer<typeof Body>;

/** What the Responses interface has and a chat has not, or has under another name. All else goes to the executor as it is. */
const OWN = new Set([
  ...[
    'input',
    'instructions',
    'store',
    'background',
    'truncation',
    'include',
    'tools',
    'tool_choice',
    'text',
    'reasoning',
  ],
  ...[
    'max_output_tokens',
    'previous_response_id',
    'conversation',
    'prompt',
    'metadata',
    'stream_options',
    'max_tool_calls',
  ],
  ...['safety_identifier', 'prompt_cache_key', 'service_tier'],
]);

/** Reads a call of `/v1/responses` as the chat that it is. What would need a memory of ours is refused by its name. */
export function readResponsesCall(bytes: Buffer): ReadResponsesCall {
  const parsed = parseObject(bytes);
  if ('error' in parsed) return { outcome: 'bad', error: parsed.error };
  const read = Body.safeParse(parsed.object);
  if (!read.success) {
    const [issue] = read.error.issues;
    return bad(issue?.path.map(String).join('.') ?? 'body', issue?.message ?? 'The body is not valid');
  }
  const body = read.data;
  try {
    refuseStateful(body);
    const chat = chatOf(body);
    const call = callOf('responses', Buffer.from(JSON.stringify(chat)), chat);
    if (call.outcome === 'bad') return call;
    return { outcome: 'read', call: call.call, rendering: renderingOf(askedOf(body)) };
  } catch (error) {
    if (error instanceof Unsupported) return bad(error.param, error.message, 'unsupported_parameter');
    throw error;
  }
}

function refuseStateful(body: ResponsesBody): void {
  for (const [param, words] of Object.entries(STATEFUL))
    if (body[param] !== undefined && body[param] !== null) throw new Unsupported(param, words);
  if (body.store === true)
    throw new Unsupported('store', 'Muster keeps no answers: leave store out or set it to false.');
  if (body.background === true)
    throw new Unsupported(
      'background',
      'Requests are answered while you wait: leave background out or set it to false.',
    );
  if (body.truncation != null && body.truncation !== 'disabled')
    throw new Unsupported('truncation', 'Muster leaves the input as it is: only truncation "disabled" is there.');
  const [include] = (body.include ?? []).filter((each) => each !== 'reasoning.encrypted_content');
  if (include !== undefined) throw new Unsupported('include', `There is nothing like "${include}" to include.`);
}

/** The same as a chat. */
function chatOf(body: ResponsesBody): Record<string, unknown> {
  const tools = toolsOf(body.tools ?? []);
  const toolChoice = toolChoiceOf(body.tool_choice);
  const format = responseFormatOf(body.text?.format ?? undefined);
  return {
    ...Object.fromEntries(Object.entries(body).filter(([name, value]) => !OWN.has(name) && value !== null)),
    messages: messagesOf(body.input, body.instructions ?? undefined),
    ...(tools.length > 0 && { tools }),
    ...(tools.length > 0 && toolChoice !== undefined && { tool_choice: toolChoice }),
    ...(format !== undefined && { response_format: format }),
    ...(body.max_output_tokens != null && { max_tokens: body.max_output_tokens }),
    ...(body.reasoning?.effort != null && { reasoning_effort: body.reasoning.effort }),
  };
}

const renderingOf = (asked: Asked): Rendering => ({
  stream: () => new ResponseStream(asked),
  whole: () => {
    const answer = wholeResponse(asked);
    return { take: () => undefined, usage: () => answer.usage, translate: (whole) => answer.translate(whole) };
  },
});

const bad = (param: string, words: string, code?: string): ReadResponsesCall => ({
  outcome: 'bad',
  error: { ...callErrors.field(param, words), ...(code !== undefined && { code }) },
});
