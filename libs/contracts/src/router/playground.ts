import * as z from 'zod/mini';
import { orderTo } from '../order.js';

const MESSAGES = 64;
const CHARACTERS = 100_000;

const Said = z.object({
  role: z.enum(['system', 'user', 'assistant'], 'This is not a role'),
  content: z
    .string('A message must be text')
    .check(
      z.minLength(1, 'A message is empty'),
      z.maxLength(CHARACTERS, `A message has at most ${CHARACTERS} characters`),
    ),
});
export type Said = z.infer<typeof Said>;

/** One executor among which the router chose, as it was then. */
const Choice = z.object({
  nodeName: z.string(),
  executorId: z.string(),
  inFlight: z.number().check(z.int(), z.gte(0)),
  slots: z.number().check(z.int(), z.gte(0)),
});

/** What becomes of a try: it is sent to a node, its text comes piece by piece, and it ends. */
export const PlaygroundStep = z.discriminatedUnion('step', [
  z.object({
    step: z.literal('routed'),
    requestId: z.string(),
    nodeName: z.string(),
    executorId: z.string(),
    queueMs: z.number(),
    /** Every executor that serves the model, as they were just before: why it was this one. */
    choices: z.array(Choice).check(z.maxLength(1_000)),
  }),
  z.object({ step: z.literal('text'), text: z.string() }),
  z.object({
    step: z.literal('done'),
    finishReason: z.optional(z.string()),
    tokensIn: z.optional(z.number()),
    tokensOut: z.optional(z.number()),
    /** From sending to the first piece of text, and to the end; milliseconds, by the router. */
    firstTokenMs: z.optional(z.number()),
    totalMs: z.number(),
  }),
  /** It failed, in the words that an application would have got. */
  z.object({ step: z.literal('failed'), status: z.number(), code: z.optional(z.string()), words: z.string() }),
]);
export type PlaygroundStep = z.infer<typeof PlaygroundStep>;

/** Sends a chat as an application would, through the same door, and tells what became of it. Ends when whoever asks leaves. */
export const PlaygroundChat = orderTo('router', 'playground-chat', {
  request: z.object({
    model: z.string('Choose a model').check(z.minLength(1, 'Choose a model'), z.maxLength(256)),
    messages: z
      .array(Said)
      .check(z.minLength(1, 'Say something'), z.maxLength(MESSAGES, `At most ${MESSAGES} messages`)),
    temperature: z.optional(z.number('This must be a number').check(z.gte(0, 'At least 0'), z.lte(2, 'At most 2'))),
    maxTokens: z.optional(
      z
        .number('This must be a number')
        .check(z.int('This must be a whole number'), z.gte(1, 'At least 1'), z.lte(32_768, 'At most 32768')),
    ),
  }),
  reply: PlaygroundStep,
  allowed: 'playground:use',
  deadlineMs: 600_000,
  answers: 'stream',
});

export const routerOrders = { PlaygroundChat };
