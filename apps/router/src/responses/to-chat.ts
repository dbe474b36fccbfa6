import type { ResponsesBody } from './read-responses-call.js';

/** Something of the Responses interface that is not to be had here. The words say what to do. */
export class Unsupported extends Error {
  constructor(
    readonly param: string,
    words: string,
  ) {
    super(words);
  }
}

interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}
interface Message {
  role: string;
  content: unknown;
  tool_calls?: ToolCall[];
  tool_call_id?: string;
}
type Item = Readonly<Record<string, unknown>>;

/** Items of a conversation as the messages of a chat. Calls of functions join the words that came before them. */
export function messagesOf(input: ResponsesBody['input'], instructions: string | undefined): Message[] {
  const messages: Message[] = instructions === undefined ? [] : [{ role: 'system', content: instructions }];
  if (typeof input === 'string') return [...messages, { role: 'user', content: input }];
  for (const item of input) {
    switch (item.type) {
      case undefined:
      case 'message':
        messages.push({ role: roleOf(item), content: contentOf(item['content']) });
        break;
      case 'function_call':
        addCall(messages, item);
        break;
      case 'function_call_output':
        messages.push({ role: 'tool', tool_call_id: text(item, 'call_id'), content: outputOf(item['output']) });
        break;
      case 'reasoning':
        // What a model thought before is not said to it again; its engine does not ask for it.
        break;
      default:
        throw new Unsupported('input', `Items of the type "${item.type}" are not to be had here.`);
    }
  }
  return messages;
}

function addCall(messages: Message[], item: Item): void {
  const call: ToolCall = {
    id: text(item, 'call_id'),
    type: 'function',
    function: { name: text(item, 'name'), arguments: text(item, 'arguments') },
  };
  const last = messages.at(-1);
  if (last?.role === 'assistant') (last.tool_calls ??= []).push(call);
  else messages.push({ role: 'assistant', content: null, tool_calls: [call] });
}

const ROLES = new Set(['user', 'assistant', 'system', 'developer']);

/** What OpenAI calls the developer the templates of models call the system. */
function roleOf(item: Item): string {
  const role = text(item, 'role');
  if (!ROLES.has(role)) throw new Unsupported('input', `There is no role "${role}".`);
  return role === 'developer' ? 'system' : role;
}

/** Text stays text; parts become the parts of a chat. */
function contentOf(content: unknown): unknown {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content))
    throw new Unsupported('input', 'The content of a message must be text or a list of parts.');
  const parts = content.map((part: unknown) => partOf((part ?? {}) as Item));
  return parts.every((part) => part.type === 'text') ? parts.map((part) => part.text).join('') : parts;
}

type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string; readonly detail?: string } };

function partOf(part: Item): Part {
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: text(part, 'text') };
    case 'refusal':
      return { type: 'text', text: text(part, 'refusal') };
    case 'input_image': {
      if (typeof part['image_url'] !== 'string')
        throw new Unsupported('input', 'Muster keeps no files: send an image as image_url, with its data in it.');
      const detail = part['detail'];
      return {
        type: 'image_url',
        image_url: { url: part['image_url'], ...(typeof detail === 'string' && { detail }) },
      };
    }
    default:
      throw new Unsupported('input', `Parts of the type "${String(part['type'])}" are not to be had here.`);
  }
}

const outputOf = (output: unknown): unknown => (typeof output === 'string' ? output : contentOf(output));

/** Functions are the client's own to run; tools that OpenAI runs are not to be had. */
export const toolsOf = (tools: readonly Item[]): object[] =>
  tools.map((tool) => {
    if (tool['type'] !== 'function')
      throw new Unsupported(
        'tools',
        `Tools of the type "${String(tool['type'])}" are not to be had here: only functions.`,
      );
    const { name, description, parameters, strict } = tool;
    return {
      type: 'function',
      function: {
        name,
        ...(description != null && { description }),
        ...(parameters != null && { parameters }),
        ...(strict != null && { strict }),
      },
    };
  });

export function toolChoiceOf(choice: unknown): unknown {
  if (choice == null || choice === 'auto' || choice === 'none' || choice === 'required') return choice ?? undefined;
  const { type, name } = choice as Item;
  if (type === 'function' && typeof name === 'string') return { type: 'function', function: { name } };
  throw new Unsupported('tool_choice', 'tool_choice is "auto", "none", "required", or names a function.');
}

export function responseFormatOf(format: Item | undefined): object | undefined {
  switch (format?.['type']) {
    case undefined:
    case 'text':
      return undefined;
    case 'json_object':
      return { type: 'json_object' };
    case 'json_schema': {
      const { name, schema, description, strict } = format;
      return {
        type: 'json_schema',
        json_schema: { name, schema, ...(description != null && { description }), ...(strict != null && { strict }) },
      };
    }
    default:
      throw new Unsupported('text.format', `There is no format "${String(format?.['type'])}".`);
  }
}

function text(item: Item, field: string): string {
  const value = item[field];
  if (typeof value !== 'string') throw new Unsupported('input', `${field} must be text.`);
  return value;
}
