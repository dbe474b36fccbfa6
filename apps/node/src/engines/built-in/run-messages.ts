import { LogLevel } from '@muster/contracts';
import * as z from 'zod/mini';

/** What the child is told once, first of all. */
export const LoadOrder = z.object({
  type: z.literal('load'),
  /** The folder that the library was installed into. */
  library: z.string(),
  backend: z.enum(['cpu', 'cuda', 'vulkan', 'metal']),
  socketPath: z.string(),
  model: z.object({ name: z.string(), kind: z.enum(['chat', 'embedding']), path: z.string() }),
  parameters: z.object({
    contextTokens: z.optional(z.int().check(z.gte(1))),
    slots: z.optional(z.int().check(z.gte(1))),
    gpuLayers: z.optional(z.int().check(z.gte(0))),
    gpuBackend: z.optional(z.enum(['auto', 'cpu', 'cuda', 'vulkan', 'metal'])),
    threads: z.optional(z.int().check(z.gte(1))),
    batchTokens: z.optional(z.int().check(z.gte(1))),
  }),
});
export type LoadOrder = z.infer<typeof LoadOrder>;

/** From the node to its child. The channel's end is an order too: to end at once. */
export const ToChild = z.discriminatedUnion('type', [
  LoadOrder,
  /** Start the library, tell whether it works here, and end. */
  z.object({ type: z.literal('try'), library: z.string(), backend: z.enum(['cpu', 'cuda', 'vulkan', 'metal']) }),
  /** Take no more requests and end when those at hand are answered. */
  z.object({ type: z.literal('stop') }),
]);
export type ToChild = z.infer<typeof ToChild>;

/** From the child to its node. */
export const FromChild = z.discriminatedUnion('type', [
  z.object({ type: z.literal('line'), level: LogLevel, text: z.string() }),
  z.object({ type: z.literal('progress'), loaded: z.number() }),
  z.object({ type: z.literal('ready'), slots: z.number(), contextTokens: z.number() }),
  z.object({ type: z.literal('works'), words: z.string() }),
  z.object({ type: z.literal('failed'), words: z.string() }),
]);
export type FromChild = z.infer<typeof FromChild>;
