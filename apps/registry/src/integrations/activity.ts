import type { ReadSoFar, ServerConnection } from '@muster/bus';
import { integrationBounds, natsUserOf, type StreamName, type SuspensionCause } from '@muster/contracts';
import type { IntegrationRow } from './integrations.table.js';

type Wanting = Pick<IntegrationRow, 'integrationId' | 'streams' | 'streamsSince' | 'doors'>;

/** What is to be done with a consumer. */
export type ConsumerAction =
  | { readonly do: 'make'; readonly stream: StreamName; readonly consumer: string; readonly since: string | undefined }
  | { readonly do: 'remove'; readonly stream: StreamName; readonly consumer: string };

/**
 * Compares the consumers that there should be, one for each stream of an integration that is let in at NATS, with those that there
 * are. One that was lost with the bus begins where its integration was first let read the stream. Pure.
 */
export function reconcile(
  present: readonly Wanting[],
  actual: readonly Pick<ReadSoFar, 'stream' | 'consumer'>[],
): ConsumerAction[] {
  // What a suspended one has read up to is kept.
  const wanted = present
    .filter(({ doors }) => doors.includes('nats'))
    .flatMap(({ integrationId, streams, streamsSince }) =>
      streams.map((stream) => ({ stream, consumer: natsUserOf(integrationId), since: streamsSince[stream] })),
    );
  const isSame = (one: (typeof actual)[number], other: (typeof actual)[number]): boolean =>
    one.stream === other.stream && one.consumer === other.consumer;
  return [
    ...actual
      .filter((each) => !wanted.some((one) => isSame(one, each)))
      .map(({ stream, consumer }): ConsumerAction => ({ do: 'remove', stream, consumer })),
    ...wanted
      .filter((one) => !actual.some((each) => isSame(one, each)))
      .map((one): ConsumerAction => ({ do: 'make', ...one })),
  ];
}

/** Which bound an integration breaks with these connections, and how; undefined when none. Pure. */
export function brokenBound(
  connections: readonly Pick<ServerConnection, 'subscriptions'>[],
): { because: SuspensionCause; reason: string } | undefined {
  const most = integrationBounds;
  if (connections.length > most.connections)
    return {
      because: 'too-many-connections',
      reason: `${connections.length} connections, where ${most.connections} are allowed`,
    };
  const subscriptions = Math.max(0, ...connections.map((connection) => connection.subscriptions));
  if (subscriptions > most.subscriptions)
    return {
      because: 'too-many-subscriptions',
      reason: `${subscriptions} subscriptions, where ${most.subscriptions} are allowed`,
    };
  return undefined;
}
