import * as z from 'zod/mini';
import { IntegrationId, IntegrationStreams } from './integration.events.js';

const count = z.number().check(z.int(), z.gte(0));

/** Something that was refused to it, or for which it was let go; the newest time that it happened. */
export const IntegrationTrouble = z.object({ words: z.string(), count: z.number(), at: z.string() });
export type IntegrationTrouble = z.infer<typeof IntegrationTrouble>;

/** How far somebody has read over HTTP. */
const place = {
  address: z.string(),
  streams: IntegrationStreams,
  /** Behind the last fact that it was given. */
  position: z.string(),
  /** Facts that it has not been given yet, as far as is known. */
  waiting: z.optional(count),
};

/** Somebody who reads facts over HTTP at this moment: a stream of events, or a call that waits for facts. */
export const HttpReader = z.object({ ...place, since: z.iso.datetime() });
export type HttpReader = z.infer<typeof HttpReader>;

/** The last call for facts over HTTP that was answered and is over. */
export const HttpCall = z.object({ ...place, at: z.iso.datetime() });
export type HttpCall = z.infer<typeof HttpCall>;

/** So many readers of an integration are told one by one. */
export const MOST_HTTP_READERS = 20;

/**
 * What an integration does over HTTP, as one gateway sees it: `muster.sample.integration.<integrationId>.reading`. Each gateway tells
 * it once a second while something is open or was new, and every 10 s for a day after the last call. Silence for 5 s: nothing is
 * open there any more.
 */
export const HttpReading = z.object({
  /** This life of the gateway. */
  gateway: z.uuid(),
  integrationId: IntegrationId,
  /** When it was last seen there. */
  seenAt: z.iso.datetime(),
  /** How many streams and waiting calls are open; at most 20 of them are told one by one. */
  open: count,
  readers: z.array(HttpReader),
  lastCall: z.optional(HttpCall),
  /** What was refused to it there within a day: the newest 16 kinds. */
  troubles: z.array(IntegrationTrouble),
});
export type HttpReading = z.infer<typeof HttpReading>;
