import * as z from 'zod/mini';
import { Port } from '../address.js';
import { Origin } from '../origin.js';

const days = (most: number) =>
  z.number('This must be a number of days').check(
    z.refine((value) => Number.isInteger(value), { error: 'This must be a whole number of days', abort: true }),
    z.refine((value) => value >= 1 && value <= most, `This must lie between 1 and ${most} days`),
  );

/** What the Gateway may dial, as far as it is a matter of choice. Metadata services, link-local and its own services never. */
export const DialSettings = z.object({
  /** Nodes on the Gateway's own machine. */
  loopback: z.boolean('This must be on or off'),
  /** Nodes in private networks: RFC 1918, RFC 6598 and unique local addresses. */
  private: z.boolean('This must be on or off'),
  /** The first and the last port that a node may have. */
  ports: z
    .object({ from: Port, to: Port })
    .check(
      z.refine(({ from, to }) => from <= to, { error: 'The last port must not lie before the first', path: ['to'] }),
    ),
});
export type DialSettings = z.infer<typeof DialSettings>;

/** How long is kept what is no fact, in days. Facts are kept for ever. */
export const RetentionSettings = z.object({
  /** The rows of single requests. Their sums stay. */
  requestsDays: days(365),
  /** One-minute roll-ups of each node's measurements. */
  rollUpsDays: days(400),
  /** Lines of the nodes' logs in the database. */
  logLinesDays: days(90),
});
export type RetentionSettings = z.infer<typeof RetentionSettings>;

/** At most so many further origins. */
export const MOST_ORIGINS = 20;

/** Everything about the Gateway as a whole that people set, but the access key. */
export const SettingsValues = z.object({
  /** A request that took longer, from arrival to last byte, counts as delayed. Milliseconds. */
  delayedThresholdMs: z.number('This must be a number of milliseconds').check(
    z.refine((value) => Number.isInteger(value), { error: 'This must be a whole number of milliseconds', abort: true }),
    z.refine((value) => value >= 100 && value <= 3_600_000, 'This must lie between 0.1 s and 1 h'),
  ),
  /** Whether requests without an API key are served. Closed unless somebody opens it. */
  inferenceOpen: z.boolean('This must be on or off'),
  dial: DialSettings,
  retention: RetentionSettings,
  /** Further origins under which people open this console, beside its own address. */
  allowedOrigins: z.array(Origin).check(
    z.maxLength(MOST_ORIGINS, `At most ${MOST_ORIGINS} origins`),
    z.refine((origins) => new Set(origins).size === origins.length, 'An origin stands here twice'),
  ),
});
export type SettingsValues = z.infer<typeof SettingsValues>;

/** What holds as shipped, until the environment or a person says otherwise. */
export const shippedSettings: SettingsValues = {
  delayedThresholdMs: 30_000,
  inferenceOpen: false,
  dial: { loopback: false, private: true, ports: { from: 1_024, to: 65_535 } },
  retention: { requestsDays: 30, rollUpsDays: 30, logLinesDays: 7 },
  allowedOrigins: [],
};
