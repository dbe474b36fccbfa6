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
    what: 'What was decided about accounts, keys, integrations and settings',
  },
  HEALTH: { name: 'HEALTH', subjects: ['muster.health.>'], keptMs: 90 * DAY_MS, what: 'What was observed about nodes' },
  REQUESTS: { name: 'REQUESTS', subjects: ['muster.request.>'], keptMs: 7 * DAY_MS, what: 'What became of requests' },
} as const satisfies Record<string, StreamSpec>;

export type StreamName = keyof typeof streams;

/** Facts that a consumer could not take, with the reason, until somebody looks: `muster.dead-letter.<durable>`. */
export const deadLetters = {
  name: 'DEAD_LETTERS',
  subjects: ['muster.dead-letter.*'],
  keptMs: 30 * DAY_MS,
  what: 'Facts that a consumer could not take, and why',
} as const satisfies StreamSpec;

/** The buckets of what is so at this moment. */
export const buckets = {
  NODES: { name: 'NODES', what: 'One value a node, by its id' },
  MODELS: { name: 'MODELS', what: 'The models of each node, by its id' },
  SETTINGS: { name: 'SETTINGS', what: 'The settings in force' },
  GATEWAY: { name: 'GATEWAY', what: 'This life of the Gateway' },
  FIGURES: { name: 'FIGURES', what: 'What was served, in figures' },
} as const;

export type BucketName = keyof typeof buckets;

/** Lanes on core NATS: not kept, may be lost, numbered so that a loss shows. `*` stands for the id. */
export const lanes = {
  samples: 'muster.sample.node.*.metrics',
  log: 'muster.sample.node.*.log',
  pulses: 'muster.sample.monitor.*',
  routers: 'muster.sample.router.*',
  history: 'muster.sample.history',
  keyUses: 'muster.sample.key.*.used',
  requests: 'muster.sample.requests',
} as const;

export const sampleSubject = (nodeId: string): string => lanes.samples.replace('*', nodeId);
export const logSubject = (nodeId: string): string => lanes.log.replace('*', nodeId);
export const pulseSubject = (monitorId: string): string => lanes.pulses.replace('*', monitorId);
export const routerPulseSubject = (router: string): string => lanes.routers.replace('*', router);
export const keyUseSubject = (keyId: string): string => lanes.keyUses.replace('*', keyId);
