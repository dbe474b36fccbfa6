import * as z from 'zod/mini';

const bytes = z.number().check(z.int(), z.gte(0));

/** One graphics processor. What the machine does not tell is absent, never 0. */
export const Gpu = z.object({
  index: z.number().check(z.int(), z.gte(0)),
  name: z.string().check(z.maxLength(256)),
  vendor: z.enum(['nvidia', 'amd', 'apple', 'intel', 'other']),
  memoryTotalBytes: z.optional(bytes),
  /** It has no memory of its own and uses the machine's. */
  unifiedMemory: z.boolean(),
});
export type Gpu = z.infer<typeof Gpu>;

/** What a node is made of. Told once a link, and again when it changes. */
export const Hardware = z.object({
  hostname: z.string().check(z.maxLength(256)),
  platform: z.string().check(z.maxLength(128)),
  cpu: z.object({ model: z.string().check(z.maxLength(256)), cores: z.number().check(z.int(), z.gte(1)) }),
  memoryTotalBytes: bytes,
  gpus: z.array(Gpu).check(z.maxLength(64)),
});
export type Hardware = z.infer<typeof Hardware>;
