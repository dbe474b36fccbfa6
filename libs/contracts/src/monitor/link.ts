import * as z from 'zod/mini';
import { AccessKeyId } from '../registry/settings.events.js';

/** Why there is no link. Closed: each has its own words and its own mend. */
export const linkCauses = [
  'address-not-allowed',
  'name-not-found',
  'refused',
  'timed-out',
  'unreachable',
  'tls',
  'certificate-changed',
  'not-a-node',
  'key-refused',
  'version',
  'protocol',
  'closed',
  'silent',
  'flapping',
] as const;
export const LinkCause = z.enum(linkCauses);
export type LinkCause = z.infer<typeof LinkCause>;

/** What a monitor sees of the link to one node. `since` is when this phase began. */
export const Link = z.discriminatedUnion('phase', [
  /** Wanted, and not yet known whether it works. */
  z.object({ phase: z.literal('connecting'), since: z.iso.datetime() }),
  z.object({
    phase: z.literal('down'),
    cause: LinkCause,
    since: z.iso.datetime(),
    /** When the monitor dials again; absent while it holds back for another reason than time. */
    nextTryAt: z.optional(z.iso.datetime()),
  }),
  z.object({
    phase: z.literal('up'),
    since: z.iso.datetime(),
    /** `settling` until enough frames came in time after an outage, `stale` when none came for 3 s. */
    frames: z.enum(['settling', 'in-time', 'stale']),
    roundTripMs: z.optional(z.number()),
    /** How far the node's clock is ahead of the monitor's, behind it when negative. Shown; nothing depends on it. */
    clockOffsetMs: z.optional(z.number()),
    /** Under which access key it was made. */
    keyId: z.optional(AccessKeyId),
  }),
]);
export type Link = z.infer<typeof Link>;
