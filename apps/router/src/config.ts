import { ListenPort, MusterSecret, ServiceConfig } from '@muster/service';
import * as z from 'zod/mini';

const whole = (least: number, most: number) =>
  z.coerce
    .number('must be a number')
    .check(
      z.refine(
        (value) => Number.isInteger(value) && value >= least && value <= most,
        `must be a whole number from ${least} to ${most}`,
      ),
    );

/** What the router reads from its environment. */
export const RouterConfig = z.extend(ServiceConfig, {
  PORT: z._default(ListenPort, 8090),
  /** Opens the tickets under which nodes take requests. */
  MUSTER_SECRET: MusterSecret,
  /** The folder for facts that can not be told while the bus is away. */
  MUSTER_ROUTER_DATA: z.string('must be set').check(z.minLength(1, 'must be set')),
  /** The most that these facts may take on disk; what comes then is counted as lost. */
  MUSTER_ROUTER_SPOOL_MIB: z._default(whole(1, 65_536), 64),
  /** The largest body of a request. */
  MUSTER_ROUTER_BODY_MIB: z._default(whole(1, 256), 16),
  /** How long a request waits for a slot. */
  MUSTER_ROUTER_QUEUE_MS: z._default(whole(1, 600_000), 10_000),
  /** When the answer of a stream has to begin; longer by the wake time where the model must be loaded first. */
  MUSTER_ROUTER_FIRST_TOKEN_MS: z._default(whole(1, 3_600_000), 60_000),
  /** When a whole answer has to be there. */
  MUSTER_ROUTER_ANSWER_MS: z._default(whole(1, 86_400_000), 600_000),
  MUSTER_ROUTER_WAKE_MS: z._default(whole(0, 3_600_000), 120_000),
  /** A stream that says nothing for so long is given up. */
  MUSTER_ROUTER_SILENCE_MS: z._default(whole(1, 3_600_000), 60_000),
});
export type RouterConfig = z.infer<typeof RouterConfig>;
