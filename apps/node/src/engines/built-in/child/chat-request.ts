import * as z from 'zod/mini';
import type { FunctionCallItem, Functions, HistoryItem } from './library.js';
import { grammarSchema } from './json-schema.js';
import { badValue, notSupported } from './openai-error.js';
import { given, samplingFields } from './parse-body.js';

const Part = z.object({ type: z.string(), text: z.optional(z.string()) });
const Content = z.union([z.string(), z.array(Part)]);
const ToolCall = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
});
const Message = z.discriminatedUnion('role', [
  z.object({ role: z.literal(['system', 'developer', 'user']), content: Content }),
  z.object({ role: z.literal('assistant'), content: given(Content), tool_calls: given(z.array(ToolCall)) }),
  z.object({ role: z.literal('tool'), tool_call_id: z.string(), content: Content }),
]);
const Tool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: z.string().check(z.regex(/^[a-zA-Z0-9_-]{1,64}$/)),
    description: given(z.string()),
    parameters: given(z.record(z.string(), z.unknown())),
    strict: given(z.boolean()),
  }),
});
const ResponseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: z.string(),
      schema: given(z.record(z.string(), z.unknown())),
      strict: given(z.boolean()),
    }),
  }),
]);

/** `POST /v1/chat/completions`. */
export const ChatRequest = z.object({
  ...samplingFields,
  messages: z.array(Message).check(z.minLength(1), z.maxLength(10_000)),
  max_completion_tokens: samplingFields.max_tokens,
  tools: given(z.array(Tool).check(z.maxLength(128))),
  tool_choice: given(
    z.union([
      z.enum(['none', 'auto', 'required']),
      z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) }),
    ]),
  ),
  parallel_tool_calls: given(z.boolean()),
  response_format: given(ResponseFormat),
  logprobs: given(z.boolean()),
  top_logprobs: given(z.int()),
  functions: given(z.unknown()),
  function_call: given(z.unknown()),
  audio: given(z.unknown()),
  modalities: given(z.unknown()),
  web_search_options: given(z.unknown()),
});
export type ChatRequest = z.infer<typeof ChatRequest>;

type MessageContent = z.infer<typeof Content>;

/** The text of a content. Throws OpenAiError for a picture, sound or file. */
function textOf(content: MessageContent, param: string): string {
  if (typeof content === 'string') return content;
  return content
    .map(({ type, text }, n) => {
      if (type !== 'text' || text === undefined)
        throw notSupported(`${param}[${n}]`, 'This engine reads text only: the type of a part must be "text".');
      return text;
    })
    .join('\n');
}

/**
 * The messages as the library's history: what a tool said goes into the call that asked for it. A model's message at the end
 * is continued. Throws OpenAiError that names the message.
 */
export function historyOf(messages: ChatRequest['messages']): HistoryItem[] {
  const history: HistoryItem[] = [];
  const open = new Map<string, FunctionCallItem>();
  for (const [n, message] of messages.entries()) {
    const at = `messages[${n}]`;
    switch (message.role) {
      case 'system':
      case 'developer':
        history.push({ type: 'system', text: textOf(message.content, `${at}.content`) });
        break;
      case 'user':
        history.push({ type: 'user', text: textOf(message.content, `${at}.content`) });
        break;
      case 'assistant': {
        const last = history.at(-1);
        const response = last?.type === 'model' ? last.response : [];
        if (last?.type !== 'model') history.push({ type: 'model', response });
        const text = textOf(message.content ?? '', `${at}.content`);
        if (text !== '') response.push(text);
        for (const [c, { id, function: called }] of (message.tool_calls ?? []).entries()) {
          const params = parsedArguments(called.arguments, `${at}.tool_calls[${c}].function.arguments`);
          const call: FunctionCallItem = { type: 'functionCall', name: called.name, params, result: undefined };
          open.set(id, call);
          response.push(call);
        }
        break;
      }
      case 'tool': {
        const call = open.get(message.tool_call_id);
        if (call === undefined)
          throw badValue(`${at}.tool_call_id`, 'No message before this one asked for a call with this id.');
        open.delete(message.tool_call_id);
        call.result = jsonOrText(textOf(message.content, `${at}.content`));
        break;
      }
    }
  }
  const [unanswered] = open.keys();
  if (unanswered !== undefined)
    throw badValue('messages', `The tool call '${unanswered}' has no message with its result.`);
  return history;
}

function parsedArguments(text: string, param: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw badValue(param, 'The arguments of a call must be JSON.');
  }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** What a chat request wants of tools: none, those it may use, or those of which it must use one. */
export type ToolUse =
  | { readonly use: 'none' }
  | { readonly use: 'may' | 'must'; readonly functions: Functions; readonly notHeld: readonly string[] };

/** The tools of a request and what it may or must do with them. Throws OpenAiError that names the field. */
export function toolsOf({ tools, tool_choice: choice }: ChatRequest): ToolUse {
  const named = typeof choice === 'object' && choice !== null ? choice.function.name : undefined;
  if (tools == null || tools.length === 0) {
    if (choice != null && choice !== 'none' && choice !== 'auto')
      throw badValue('tool_choice', 'A choice of tools needs tools.');
    return { use: 'none' };
  }
  const notHeld: string[] = [];
  const all = tools.map(({ function: { name, description, parameters, strict } }, n) => {
    const converted =
      parameters == null || Object.keys(parameters).length === 0
        ? undefined
        : grammarSchema(parameters, `tools[${n}].function.parameters`, strict === true);
    notHeld.push(...(converted?.notHeld ?? []));
    return [
      name,
      {
        ...(description == null ? {} : { description }),
        ...(converted === undefined ? {} : { params: converted.schema }),
      },
    ] as const;
  });
  if (new Set(all.map(([name]) => name)).size < all.length) throw badValue('tools', 'Two tools have the same name.');
  if (choice === 'none') return { use: 'none' };
  const wanted = named === undefined ? all : all.filter(([name]) => name === named);
  if (wanted.length === 0) throw badValue('tool_choice.function.name', `No tool is called '${named ?? ''}'.`);
  return {
    use: choice === 'required' || named !== undefined ? 'must' : 'may',
    functions: Object.fromEntries(wanted),
    notHeld,
  };
}
