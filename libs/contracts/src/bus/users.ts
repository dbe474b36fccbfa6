import { buckets, type BucketName, deadLetters, lanes, streams, type StreamName } from './streams.js';

/** What a user of NATS may do, in the words of nats-server. Absent: everything in its account. */
export interface BusPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/**
 * What one service says on the bus: the facts, the samples and the states that are its own, and whom it asks. A subject that no
 * service is named for here can be published by none of them.
 */
interface BusRole {
  readonly facts: readonly StreamName[];
  readonly samples: readonly string[];
  readonly states: readonly BucketName[];
  /** Services whose orders it gives; `*` every one, and commands to nodes too. */
  readonly asks: readonly string[];
}

/** Every service that is a user of the bus with a password of its own. */
export const busServices = {
  registry: { facts: ['FLEET', 'ACCESS'], samples: [lanes.history], states: ['SETTINGS'], asks: ['monitor'] },
  monitor: {
    facts: ['HEALTH'],
    samples: [lanes.samples, lanes.log, lanes.pulses],
    states: ['NODES', 'MODELS'],
    asks: [],
  },
  stats: { facts: [], samples: [lanes.requests], states: ['FIGURES'], asks: [] },
  router: { facts: ['REQUESTS'], samples: [lanes.routers, lanes.keyUses], states: [], asks: [] },
  gateway: { facts: [], samples: [lanes.keyUses], states: ['GATEWAY'], asks: ['*'] },
  webhooks: { facts: [], samples: [], states: [], asks: ['registry'] },
} as const satisfies Record<string, BusRole>;

export type BusService = keyof typeof busServices;

/**
 * What a service may do. It may ask JetStream for anything: whoever makes consumers can have the server publish, so these
 * permissions are against mistakes, and against programs of others that got hold of less than a service's password.
 */
export function permissionsOf(service: BusService): BusPermissions {
  const { facts, samples, states, asks }: BusRole = busServices[service];
  return {
    publish: [
      ...facts.flatMap((stream) => streams[stream].subjects),
      ...samples,
      ...states.map((bucket) => `$KV.${buckets[bucket].name}.>`),
      ...asks.flatMap((asked) => (asked === '*' ? ['muster.ask.>', 'muster.command.>'] : [`muster.ask.${asked}.>`])),
      'muster.cancel.>',
      ...deadLetters.subjects,
      '$JS.API.>',
      '$JS.ACK.>',
      '$JS.FC.>',
      // Answers: whoever asks has an inbox below this, outsiders have not.
      '_INBOX.>',
    ],
    subscribe: ['muster.>', '$KV.>', `${serviceInbox(service)}.>`],
  };
}

/** Where answers to a service come: below `_INBOX`, which outsiders neither read nor write. */
export const serviceInbox = (user: string): string => `_INBOX.${user}`;

/** Where answers to an outsider come. A client must be told this prefix: the usual `_INBOX` is everybody's. */
export const outsiderInbox = (user: string): string => `_INBOX_${user}`;

/**
 * What an outsider may do: read the facts of its streams as they come, and take them from the one consumer a stream that Muster has
 * made in its name. It makes none itself: who does can have the server publish anywhere, and take the place of somebody else's.
 */
export function outsiderPermissions(user: string, chosen: readonly StreamName[]): BusPermissions {
  return {
    publish: chosen.flatMap((stream) => [
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${user}`,
      `$JS.API.CONSUMER.INFO.${stream}.${user}`,
      `$JS.API.STREAM.INFO.${stream}`,
      `$JS.ACK.${stream}.${user}.>`,
    ]),
    subscribe: [`${outsiderInbox(user)}.>`, ...chosen.flatMap((stream) => streams[stream].subjects)],
  };
}
