import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { ChatRequest, historyOf, type ToolUse, toolsOf } from './chat-request.js';
import { EventStream, sendJson } from './http.js';
import { grammarSchema } from './json-schema.js';
import type { Functions, Grammar, HistoryItem, Library, Token } from './library.js';
import { contextTooLong, notSupported, OpenAiError } from './openai-error.js';
import { parseBody } from './parse-body.js';
import { refuseFields, refuseUnsupported, samplingOf, stopsOf } from './sampling.js';
import { chatting, loadPrompt, type ServedModel } from './served.js';
import { finishReason, fingerprint, usageOf } from './wire.js';

interface Piece {
  readonly kind: 'content' | 'reasoning_content';
  readonly text: string;
}
interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** `POST /v1/chat/completions`. Throws OpenAiError as long as nothing has been answered. */
export async function answerChat(
  body: unknown,
  served: ServedModel,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const request = parseBody(ChatRequest, body);
  refuseUnsupported(request, served.name);
  refuseFields(request, {
    functions: 'The old way to call functions: use tools.',
    function_call: 'The old way to call functions: use tool_choice.',
    audio: 'This engine writes text only.',
    web_search_options: 'This engine does not search the web.',
  });
  if (request.modalities != null && JSON.stringify(request.modalities) !== '["text"]')
    throw notSupported('modalities', 'This engine writes text only: the one modality is "text".');
  const { chatWrapper, slots } = chatting(served);
  const tools = toolsOf(request);
  const grammar = await grammarOf(request, tools, served);
  const history =
    tools.use === 'must'
      ? askForCall(historyOf(request.messages), tools.functions, served.library)
      : historyOf(request.messages);
  const functions = tools.use === 'may' ? tools.functions : undefined;
  const prompt = render(history, functions, served, chatWrapper);
  const room = served.contextTokens - prompt.length - 1;
  if (room < 1) throw contextTooLong(prompt.length, served.contextTokens, 'messages');

  const slot = await slots.claim(signal, (sequence) => sequence.compareContextTokens(prompt).firstDifferentIndex);
  const chat = new served.library.LlamaChat({ contextSequence: slot.item, chatWrapper });
  let stream: EventStream<Piece> | undefined;
  try {
    const head = {
      id: `chatcmpl-${randomUUID()}`,
      created: Math.floor(Date.now() / 1000),
      model: served.name,
      system_fingerprint: fingerprint,
    };
    const chunk = (delta: object, finish: string | null = null) => ({
      ...head,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    });
    if (request.stream === true) {
      stream = new EventStream(response, ({ kind, text }) => chunk({ [kind]: text }));
      stream.event(chunk({ role: 'assistant', content: '' }));
    }
    const said = { content: '', reasoning_content: '' };
    const calls: ToolCall[] = [];
    const say = (piece: Piece) => {
      said[piece.kind] += piece.text;
      if (piece.text !== '' && tools.use !== 'must') stream?.text(piece);
    };
    const call = (name: string, params: unknown) => {
      const made: ToolCall = {
        id: `call_${randomUUID().replaceAll('-', '')}`,
        type: 'function',
        function: { name, arguments: JSON.stringify(params ?? {}) },
      };
      stream?.event(chunk({ tool_calls: [{ index: calls.length, ...made }] }));
      calls.push(made);
    };

    const cachedTokens = await loadPrompt(slot.item, prompt, served.batchTokens, signal);
    const before = slot.item.tokenMeter.usedOutputTokens;
    const { metadata } = await chat.generateResponse(history, {
      ...samplingOf(request, served.library, served.model.tokenizer),
      signal,
      stopOnAbortSignal: true,
      maxTokens: Math.min(request.max_completion_tokens ?? request.max_tokens ?? room, room),
      customStopTriggers: stopsOf(request),
      onResponseChunk: ({ segmentType, text }) =>
        say({ kind: segmentType === undefined ? 'content' : 'reasoning_content', text }),
      // The room above keeps the library from ever cutting the history; if it tries all the same, better an error.
      contextShift: {
        size: 1,
        strategy: () => {
          throw contextTooLong(prompt.length, served.contextTokens, 'messages');
        },
      },
      ...(grammar === undefined ? {} : { grammar }),
      ...(functions === undefined
        ? {}
        : {
            functions,
            documentFunctionParams: true,
            onFunctionCall: ({ functionName, params }) => call(functionName, params),
            ...(request.parallel_tool_calls === false ? { maxParallelFunctionCalls: 1 } : {}),
          }),
    });
    if (metadata.stopReason === 'abort') return;
    if (tools.use === 'must') {
      const made = calledIn(said.content);
      if (made !== undefined) call(made.name, made.arguments);
    }
    const usage = usageOf(prompt.length, slot.item.tokenMeter.usedOutputTokens - before, cachedTokens);
    const finish = calls.length > 0 ? 'tool_calls' : finishReason(metadata.stopReason);
    served.figures.promptTokens += prompt.length;
    if (stream !== undefined) {
      stream.event(chunk({}, finish));
      if (request.stream_options?.include_usage === true)
        stream.event({ ...head, object: 'chat.completion.chunk', choices: [], usage });
      stream.end();
      return;
    }
    const content = tools.use === 'must' || (calls.length > 0 && said.content === '') ? null : said.content;
    const message = {
      role: 'assistant',
      content,
      refusal: null,
      ...(said.reasoning_content === '' ? {} : { reasoning_content: said.reasoning_content }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    };
    sendJson(response, 200, {
      ...head,
      object: 'chat.completion',
      choices: [{ index: 0, message, logprobs: null, finish_reason: finish }],
      usage,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    // Whatever state it is in: the next request begins from nothing.
    await slot.item.clearHistory();
    if (stream === undefined) throw error;
    served.figures.errors += 1;
    stream.end(error instanceof OpenAiError ? error : new OpenAiError(500, String(error), 'engine_failed'));
  } finally {
    chat.dispose();
    slot.release();
  }
}

async function grammarOf(request: ChatRequest, tools: ToolUse, served: ServedModel): Promise<Grammar | undefined> {
  const format = request.response_format;
  const formatted = format != null && format.type !== 'text';
  if (tools.use !== 'none' && formatted)
    throw notSupported(
      'response_format',
      'A response format and tools do not go together here: leave one of them out.',
    );
  if (tools.use !== 'none' && tools.notHeld.length > 0)
    served.debug(`Not held in calls of tools: ${tools.notHeld.join(', ')}`);
  if (tools.use === 'must') return served.grammars.ofSchema(callSchema(tools.functions), 'tools');
  if (!formatted) return undefined;
  if (format.type === 'json_object' || format.json_schema.schema == null) return served.grammars.json();
  const param = 'response_format.json_schema.schema';
  const { schema, notHeld } = grammarSchema(format.json_schema.schema, param, format.json_schema.strict === true);
  if (notHeld.length > 0) served.debug(`Not held in an answer: ${notHeld.join(', ')}`);
  return served.grammars.ofSchema(schema, param);
}

/** One call of one of the functions, as JSON. */
function callSchema(functions: Functions): object {
  const defs: Record<string, unknown> = {};
  const calls = Object.entries(functions).map(([name, { params }]) => {
    const { $defs, ...schema } = (params ?? { type: 'object', properties: {} }) as Record<string, unknown>;
    Object.assign(defs, $defs);
    return { type: 'object', properties: { name: { const: name }, arguments: schema } };
  });
  return { oneOf: calls, ...(Object.keys(defs).length === 0 ? {} : { $defs: defs }) };
}

function calledIn(text: string): { name: string; arguments: unknown } | undefined {
  try {
    return JSON.parse(text) as { name: string; arguments: unknown };
  } catch {
    // Cut off at the token limit: `finish_reason` says so.
    return undefined;
  }
}

/** The history with the words that ask for a call: what the grammar then makes sure of, the model shall also want. */
function askForCall(history: readonly HistoryItem[], functions: Functions, library: Library): HistoryItem[] {
  const signatures = new library.ChatModelFunctionsDocumentationGenerator(functions).getTypeScriptFunctionSignatures({
    documentParams: true,
  });
  const text = `Answer by calling one of these functions:\n\n${signatures}\n\nWrite the call as JSON: {"name": "the function", "arguments": {…}}`;
  const [first, ...rest] = history;
  if (first?.type === 'system') return [{ type: 'system', text: `${first.text}\n\n${text}` }, ...rest];
  return [{ type: 'system', text }, ...history];
}

/** The prompt as tokens, by the model's own chat template. Throws OpenAiError when the template refuses the messages. */
function render(
  history: readonly HistoryItem[],
  functions: Functions | undefined,
  { model }: ServedModel,
  chatWrapper: ReturnType<typeof chatting>['chatWrapper'],
): Token[] {
  const chatHistory: HistoryItem[] =
    history.at(-1)?.type === 'model' ? [...history] : [...history, { type: 'model', response: [] }];
  try {
    return chatWrapper
      .generateContextState({
        chatHistory,
        ...(functions === undefined ? {} : { availableFunctions: functions, documentFunctionParams: true }),
      })
      .contextText.tokenize(model.tokenizer);
  } catch (error) {
    throw new OpenAiError(
      400,
      `The model's chat template refuses the messages: ${String(error)}`,
      'invalid_messages',
      'messages',
    );
  }
}
