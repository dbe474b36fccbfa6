import { createParser, type EventSourceParser } from 'eventsource-parser';
import * as z from 'zod/mini';
import type { ApiError } from '../openai/errors.js';
import type { Usage } from '../openai/usage.js';
import type { StreamRendering } from '../serving/rendering.js';
import {
  type Asked,
  ChatUsage,
  messageItem,
  newId,
  type OutputItem,
  reasoningItem,
  responseObject,
  textPart,
  usageOf,
} from './response-shape.js';

const Chunk = z.object({
  choices: z._default(
    z.array(
      z.object({
        finish_reason: z.optional(z.nullable(z.string())),
        delta: z.optional(
          z.nullable(
            z.object({
              content: z.optional(z.nullable(z.string())),
              reasoning_content: z.optional(z.nullable(z.string())),
              tool_calls: z.optional(
                z.nullable(
                  z.array(
                    z.object({
                      index: z._default(z.number(), 0),
                      id: z.optional(z.nullable(z.string())),
                      function: z.optional(
                        z.object({
                          name: z.optional(z.nullable(z.string())),
                          arguments: z.optional(z.nullable(z.string())),
                        }),
                      ),
                    }),
                  ),
                ),
              ),
            }),
          ),
        ),
      }),
    ),
    [],
  ),
  usage: z.optional(z.nullable(ChatUsage)),
  error: z.optional(z.unknown()),
});

/** A longer event of an engine breaks the answer off: what waits for its rest is bounded. */
const LONGEST_EVENT = 1024 * 1024;
/** What is put together of an answer for its last event. */
const LONGEST_ANSWER = 16 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);

interface Open {
  readonly item: OutputItem;
  readonly index: number;
  /** Which function call of the chat it is. */
  readonly call: number | undefined;
  text: string;
}

/** The stream of a chat as the events of a response, each as soon as what it tells is known. */
export class ResponseStream implements StreamRendering {
  usage: Usage | undefined;
  readonly #decoder = new TextDecoder();
  readonly #parser: EventSourceParser;
  readonly #output: OutputItem[] = [];
  #said: string[] = [];
  #sequence = 0;
  #begun = false;
  #open: Open | undefined;
  #reason: string | undefined;
  #chatUsage: ChatUsage | undefined;
  #done = false;
  #failed = false;
  #length = 0;

  constructor(private readonly asked: Asked) {
    this.#parser = createParser({
      maxBufferSize: LONGEST_EVENT,
      onEvent: ({ data, event }) => {
        this.#event(data, event);
      },
      onError: ({ type }) => {
        if (type === 'max-buffer-size-exceeded') this.#failed = true;
      },
    });
  }

  get whole(): boolean {
    return this.#done && !this.#failed && this.#reason !== undefined;
  }

  take(chunk: Buffer): Buffer {
    if (!this.#failed) this.#parser.feed(this.#decoder.decode(chunk, { stream: true }));
    return this.#taken();
  }

  end(): Buffer {
    if (this.whole) {
      this.#begin();
      this.#closeItem();
      const reason = this.#reason ?? 'stop';
      const type = reason === 'length' || reason === 'content_filter' ? 'response.incomplete' : 'response.completed';
      this.#say(type, { response: responseObject(this.asked, reason, this.#output, this.#chatUsage) });
    }
    return this.#taken();
  }

  broken({ code, message }: ApiError): Buffer {
    this.#say('error', { code, message, param: null });
    return this.#taken();
  }

  #event(data: string, event: string | undefined): void {
    if (data === '[DONE]') {
      this.#done = true;
      return;
    }
    const chunk = chunkOf(data);
    if (chunk === undefined || chunk.error !== undefined || event === 'error') {
      this.#failed = true;
      return;
    }
    this.#begin();
    if (chunk.usage) {
      this.#chatUsage = chunk.usage;
      this.usage = usageOf(chunk.usage);
    }
    const [choice] = chunk.choices;
    const { content, reasoning_content: reasoning, tool_calls: calls } = choice?.delta ?? {};
    if (reasoning) this.#words('reasoning', reasoning);
    if (content) this.#words('message', content);
    for (const call of calls ?? []) this.#call(call);
    this.#reason = choice?.finish_reason ?? this.#reason;
    if (this.#length > LONGEST_ANSWER) this.#failed = true;
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const response = responseObject(this.asked, 'in_progress', []);
    this.#say('response.created', { response });
    this.#say('response.in_progress', { response });
  }

  #words(type: 'message' | 'reasoning', delta: string): void {
    const open = this.#open?.item.type === type ? this.#open : this.#openWords(type);
    open.text += delta;
    this.#length += delta.length;
    const kind = type === 'message' ? 'output_text' : 'reasoning_text';
    this.#say(`response.${kind}.delta`, {
      ...placeOf(open),
      content_index: 0,
      delta,
      ...(type === 'message' && { logprobs: [] }),
    });
  }

  #openWords(type: 'message' | 'reasoning'): Open {
    const item = type === 'message' ? messageItem(newId('msg'), '', 'in_progress') : reasoningItem(newId('rs'), '');
    const open = this.#openItem(item, undefined);
    const part = type === 'message' ? textPart('') : { type: 'reasoning_text', text: '' };
    this.#say('response.content_part.added', { ...placeOf(open), content_index: 0, part });
    return open;
  }

  #call(call: {
    index: number;
    id?: string | null | undefined;
    function?: { name?: string | null | undefined; arguments?: string | null | undefined } | undefined;
  }): void {
    let open = this.#open;
    if (open?.call !== call.index)
      open = this.#openItem(
        {
          id: newId('fc'),
          type: 'function_call',
          status: 'in_progress',
          call_id: call.id ?? newId('call'),
          name: call.function?.name ?? '',
          arguments: '',
        },
        call.index,
      );
    const delta = call.function?.arguments;
    if (!delta) return;
    open.text += delta;
    this.#length += delta.length;
    this.#say('response.function_call_arguments.delta', { ...placeOf(open), delta });
  }

  #openItem(item: OutputItem, call: number | undefined): Open {
    this.#closeItem();
    const open = { item, call, index: this.#output.length, text: '' };
    this.#open = open;
    this.#say('response.output_item.added', { output_index: open.index, item });
    return open;
  }

  /** Says the end of what is open, in the order of the interface: the text, its part, the item. */
  #closeItem(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const { item, text } = open;
    const place = placeOf(open);
    let done: OutputItem;
    switch (item.type) {
      case 'message':
        done = messageItem(item.id, text, this.#reason === 'length' ? 'incomplete' : 'completed');
        this.#say('response.output_text.done', { ...place, content_index: 0, text, logprobs: [] });
        this.#say('response.content_part.done', { ...place, content_index: 0, part: textPart(text) });
        break;
      case 'reasoning':
        done = reasoningItem(item.id, text);
        this.#say('response.reasoning_text.done', { ...place, content_index: 0, text });
        this.#say('response.content_part.done', { ...place, content_index: 0, part: { type: 'reasoning_text', text } });
        break;
      case 'function_call':
        done = { ...item, status: 'completed', arguments: text };
        this.#say('response.function_call_arguments.done', { ...place, name: item.name, arguments: text });
    }
    this.#output.push(done);
    this.#say('response.output_item.done', { output_index: open.index, item: done });
  }

  #say(type: string, data: object): void {
    this.#said.push(`event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#sequence, ...data })}\n\n`);
    this.#sequence += 1;
  }

  #taken(): Buffer {
    if (this.#said.length === 0) return NOTHING;
    const said = Buffer.from(this.#said.join(''));
    this.#said = [];
    return said;
  }
}

const placeOf = ({ item, index }: Open): { item_id: string; output_index: number } => ({
  item_id: item.id,
  output_index: index,
});

function chunkOf(data: string): z.infer<typeof Chunk> | undefined {
  try {
    const read = Chunk.safeParse(JSON.parse(data));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}
