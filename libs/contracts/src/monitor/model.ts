import * as z from 'zod/mini';

const bytes = z.number().check(z.int(), z.gte(0));
const count = z.number().check(z.int(), z.gte(0));
const short = z.string().check(z.minLength(1), z.maxLength(64));

/** A node tells of this many models; what lies beyond is said in its log and not told. */
export const MAX_MODELS = 256;

/**
 * The figures of a model that decide how much memory it takes, read from the header of its file. Layers are the repeating
 * ones; what comes before and after them is told apart, because engines place it on its own.
 */
export const ModelMemory = z.object({
  layers: z.number().check(z.int(), z.gte(1), z.lte(4096)),
  /** Weights of all the layers. */
  layersBytes: bytes,
  /** What turns tokens into numbers: stays in the machine's memory. */
  inputBytes: bytes,
  /** What turns numbers into tokens. */
  outputBytes: bytes,
  /** Input and output are the same weights in the file: a graphics processor gets a copy of `outputBytes`. */
  sharedOutput: z.boolean(),
  /** Keys and values of one token at 16 bits, over the layers that keep all of a context. */
  cacheBytesPerToken: bytes,
  /** The same over the layers that look back only so many tokens. */
  window: z.optional(z.object({ tokens: z.number().check(z.int(), z.gte(1)), cacheBytesPerToken: bytes })),
  /** What layers with a state instead of a cache keep for each slot. */
  stateBytesPerSlot: bytes,
  width: count,
  feedForward: count,
  heads: count,
  vocabulary: count,
});
export type ModelMemory = z.infer<typeof ModelMemory>;

/** What a node can serve: a GGUF file, or a model that an engine already running there offers. */
export const Model = z.object({
  /** Names it on its node: the path below its folder, or `<engine>/<name>`. */
  modelId: z.string().check(z.minLength(1), z.maxLength(256)),
  /** What requests ask for. */
  name: z.string().check(z.minLength(1), z.maxLength(256)),
  source: z.enum(['file', 'engine']),
  kind: z.enum(['chat', 'embedding']),
  /** What its maker calls it. */
  title: z.optional(z.string().check(z.minLength(1), z.maxLength(256))),
  /** The architecture, as llama.cpp names them. */
  family: z.optional(short),
  /** How many parameters it has. */
  parameters: z.optional(z.number().check(z.int(), z.gte(1))),
  /** How its weights are packed: `Q4_K_M`, `F16`. */
  quantisation: z.optional(short),
  /** The longest context it was made for, in tokens. */
  contextLength: z.optional(z.number().check(z.int(), z.gte(1))),
  sizeBytes: z.optional(bytes),
  /** How many files it consists of, when more than one. */
  parts: z.optional(z.number().check(z.int(), z.gte(2))),
  /** Its file, or the first of them, on the node. */
  path: z.optional(z.string().check(z.maxLength(1024))),
  memory: z.optional(ModelMemory),
  /** Why it can not be used: half copied, broken, incomplete. Absent when it can. */
  problem: z.optional(z.string().check(z.minLength(1), z.maxLength(512))),
});
export type Model = z.infer<typeof Model>;
