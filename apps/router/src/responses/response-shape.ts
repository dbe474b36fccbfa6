import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import type { Usage } from '../openai/usage.js';
import type { ResponsesBody } from './read-responses-call.js';

/** What a response repeats of what was asked. */
export interface Asked {
  readonly id: string;
  readonly createdS: number;
  readonly body: ResponsesBody;
}

export const askedOf = (body: ResponsesBody): Asked => ({
  id: newId('resp'),
  createdS: Math.floor(Date.now() / 1000),
  body,
});

export const newId = (kind: string): string => `${kind}_${randomUUID().replaceAll('-', '')}`;

export type OutputItem =
  | {
      id: string;
      type: 'message';
      status: 'in_progress' | 'completed' | 'incomplete';
      role: 'assistant';
      content: { type: 'output_text'; text: string; annotations: never[]; logprobs: never[] }[];
    }
  | {
      id: string;
      type: 'function_call';
      status: 'in_progress' | 'completed';
      call_id: string;
      name: string;
      arguments: string;
    }
  | { id: string; type: 'reasoning'; summary: never[]; content: { type: 'reasoning_text'; text: string }[] };

export const messageItem = (
  id: string,
  text: string,
  status: 'in_progress' | 'completed' | 'incomplete',
): OutputItem => ({
  id,
  type: 'message',
  status,
  role: 'assistant',
  content: status === 'in_progress' ? [] : [textPart(text)],
});

export const textPart = (text: string) => ({ type: 'output_text' as const, text, annotations: [], logprobs: [] });

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | string;

/** Tokens as an engine counts them, in the words of the Responses interface. */
export const ChatUsage = z.object({
  prompt_tokens: z.number(),
  completion_tokens: z._default(z.number(), 0),
  prompt_tokens_details: z.optional(z.nullable(z.object({ cached_tokens: z.optional(z.number()) }))),
  completion_tokens_details: z.optional(z.nullable(z.object({ reasoning_tokens: z.optional(z.number()) }))),
});
export type ChatUsage = z.infer<typeof ChatUsage>;

export const usageOf = (usage: ChatUsage | undefined): Usage | undefined =>
  usage && { tokensIn: usage.prompt_tokens, tokensOut: usage.completion_tokens };

/** The response object, as far as it is known: while it is in progress without output and usage. */
export function responseObject(
  { id, createdS, body }: Asked,
  state: 'in_progress' | FinishReason,
  output: readonly OutputItem[],
  usage?: ChatUsage,
): object {
  const incomplete =
    state === 'length' ? 'max_output_tokens' : state === 'content_filter' ? 'content_filter' : undefined;
  return {
    id,
    object: 'response',
    created_at: createdS,
    status: state === 'in_progress' ? state : incomplete === undefined ? 'completed' : 'incomplete',
    background: false,
    error: null,
    incomplete_details: incomplete === undefined ? null : { reason: incomplete },
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    model: body.model,
    output,
    parallel_tool_calls: body['parallel_tool_calls'] ?? true,
    previous_response_id: null,
    reasoning: { effort: body.reasoning?.effort ?? null, summary: null },
    store: false,
    temperature: body['temperature'] ?? null,
    text: body.text ?? { format: { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_p: body['top_p'] ?? null,
    truncation: 'disabled',
    usage: usage === undefined ? null : usageObject(usage),
    user: body['user'] ?? null,
    metadata: body['metadata'] ?? {},
  };
}

const usageObject = (usage: ChatUsage): object => ({
  input_tokens: usage.prompt_tokens,
  input_tokens_details: { cached_tokens: usage.prompt_tokens_details?.cached_tokens ?? 0 },
  output_tokens: usage.completion_tokens,
  output_tokens_details: { reasoning_tokens: usage.completion_tokens_details?.reasoning_tokens ?? 0 },
  total_tokens: usage.prompt_tokens + usage.completion_tokens,
});

const Completion = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.optional(z.nullable(z.string())),
        message: z.object({
          content: z.optional(z.nullable(z.string())),
          reasoning_content: z.optional(z.nullable(z.string())),
          tool_calls: z.optional(
            z.nullable(
              z.array(z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) })),
            ),
          ),
        }),
      }),
    )
    .check(z.minLength(1)),
  usage: z.optional(z.nullable(ChatUsage)),
});

/** Makes a whole chat answer into a response. What is no chat answer gives undefined. */
export function wholeResponse(asked: Asked): {
  usage: Usage | undefined;
  translate(whole: Buffer): Buffer | undefined;
} {
  const answer = {
    usage: undefined as Usage | undefined,
    translate(whole: Buffer): Buffer | undefined {
      const completion = parsed(whole);
      const [choice] = completion?.choices ?? [];
      if (completion === undefined || choice === undefined) return undefined;
      const { content, reasoning_content: reasoning, tool_calls: calls } = choice.message;
      const reason = choice.finish_reason ?? 'stop';
      const output: OutputItem[] = [];
      if (reasoning) output.push(reasoningItem(newId('rs'), reasoning));
      if (content || !calls?.length)
        output.push(messageItem(newId('msg'), content ?? '', reason === 'length' ? 'incomplete' : 'completed'));
      for (const { id, function: called } of calls ?? [])
        output.push({ id: newId('fc'), type: 'function_call', status: 'completed', call_id: id, ...called });
      const usage = completion.usage ?? undefined;
      answer.usage = usageOf(usage);
      return Buffer.from(JSON.stringify(responseObject(asked, reason, output, usage)));
    },
  };
  return answer;
}

export const reasoningItem = (id: string, text: string): OutputItem => ({
  id,
  type: 'reasoning',
  summary: [],
  content: text === '' ? [] : [{ type: 'reasoning_text', text }],
});

function parsed(whole: Buffer): z.infer<typeof Completion> | undefined {
  try {
    const read = Completion.safeParse(JSON.parse(whole.toString()));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}
