import * as z from 'zod/mini';

/** The services that tell something on the bus. */
export type ServiceName = 'registry' | 'monitor' | 'stats' | 'gateway' | 'router' | 'webhooks';

/** A JetStream stream: what is on it and for how long. */
export interface StreamSpec {
  readonly name: string;
  readonly subjects: readonly string[];
  /** How long a fact is kept; undefined = for ever. */
  readonly keptMs: number | undefined;
  readonly what: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** The streams of facts. Each has one writer, which keeps its facts in order, but REQUESTS: all routers write there. */
export const streams = {
  FLEET: { name: 'FLEET', subjects: ['muster.fleet.>'], keptMs: undefined, what: 'What was decided about nodes' },
  ACCESS: {
    name: 'ACCESS',
    subjects: ['muster.access.>'],
    keptMs: undefined,
    what: 'What was decided about accounts, keys, integrations, webhooks and settings',
  },
  HEALTH: { name: 'HEALTH', subjects: ['muster.health.>'], keptMs: 90 * DAY_MS, what: 'What was observed about nodes' },
  REQUESTS: { name: 'REQUESTS', subjects: ['muster.request.>'], keptMs: 7 * DAY_MS, what: 'What became of requests' },
} as const satisfies Record<string, StreamSpec>;

export type StreamName = keyof typeof streams;

/** A fact that a reader could not take, as it lies in DEAD_LETTERS. */
export const DeadLetterMessage = z.object({
  /** Where the fact came from, its headers, and its body as text. */
  subject: z.string(),
  headers: z._default(z.record(z.string(), z.string()), {}),
  body: z.string(),
  /** How often it was tried. */
  failures: z.number(),
  reason: z.string(),
});
export type DeadLetterMessage = z.infer<typeof DeadLetterMessage>;

/** Facts that a consumer could not take, with the reason, until somebody looks: `muster.dead-letter.<durable>`. */
export const deadLetters = {
  name: 'DEAD_LETTERS',
  subjects: ['muster.dead-letter.*'],
  keptMs: 30 * DAY_MS,
  what: 'Facts that a consumer could not take, and why',
} as const satisfies StreamSpec;
