import { type BucketSpec, buckets } from './buckets.js';
import { type FactFamily, factFamilies } from './facts.js';
import { lanes, type LaneSpec } from './lanes.js';
import { deadLetters, type ServiceName, streams, type StreamName } from './streams.js';

/** What a user of NATS may do, in the words of nats-server. */
export interface BusPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Every service that is a user of the bus with a password of its own, and whose orders it gives: with `*` everybody's, and to nodes. */
export const busServices = {
  registry: { asks: ['monitor'] },
  monitor: { asks: [] },
  stats: { asks: [] },
  router: { asks: [] },
  gateway: { asks: ['*'] },
  webhooks: { asks: ['registry'] },
} as const satisfies Record<ServiceName, { asks: readonly string[] }>;

export type BusService = keyof typeof busServices;

/** What a service tells, by the tables of facts, samples and states: nobody else may. */
function toldBy(service: BusService): string[] {
  const families = Object.values<FactFamily>(factFamilies).filter((family) => family.service === service);
  const tells = ({ from }: LaneSpec): boolean => from.some((each) => each === service);
  return [
    ...new Set(families.map(({ stream }) => streams[stream].subjects[0])),
    // Facts about requests are of no store: every router tells its own.
    ...(service === 'router' ? streams.REQUESTS.subjects : []),
    ...Object.values<LaneSpec>(lanes)
      .filter(tells)
      .map(({ subject }) => subject),
    ...Object.values<BucketSpec>(buckets)
      .filter(({ from }) => from === service)
      .map(({ name }) => `$KV.${name}.>`),
  ];
}

/**
 * What a service may do. It may ask JetStream for anything: whoever makes consumers can have the server publish, so these
 * permissions are against mistakes, and against programs of others that got hold of less than a service's password.
 */
export function permissionsOf(service: BusService): BusPermissions {
  const asks: readonly string[] = busServices[service].asks;
  return {
    publish: [
      ...toldBy(service),
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
