import * as z from 'zod/mini';

/** The one process on a node that serves one model, as the node reports it. */
export const Executor = z.object({
  executorId: z.string().check(z.maxLength(128)),
  model: z.string().check(z.maxLength(256)),
  state: z.enum(['offline', 'starting', 'online', 'stopping', 'failed']),
  slots: z.number().check(z.int(), z.gte(0)),
  inFlight: z.number().check(z.int(), z.gte(0)),
  queued: z.number().check(z.int(), z.gte(0)),
});
export type Executor = z.infer<typeof Executor>;
