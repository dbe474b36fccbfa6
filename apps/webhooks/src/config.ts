import { MusterSecret, OwnServices, ServiceConfig, Switch } from '@muster/service';
import * as z from 'zod/mini';

/** What the sending of webhooks reads from its environment. */
export const WebhooksConfig = z.extend(ServiceConfig, {
  DATABASE_URL: z
    .string('must be set')
    .check(z.regex(/^postgres(?:ql)?:\/\//, 'must begin with postgres:// or postgresql://')),
  MUSTER_SECRET: MusterSecret,
  /** Receivers on this machine. */
  MUSTER_WEBHOOKS_LOOPBACK: z._default(Switch, false),
  /** Receivers in private networks. */
  MUSTER_WEBHOOKS_PRIVATE: z._default(Switch, true),
  /** Muster's own services, as host:port with commas between: nothing is sent there. Database and bus are known. */
  MUSTER_OWN_ADDRESSES: z._default(OwnServices, []),
  /** After so many hours in which a receiver took nothing its webhook is paused. */
  MUSTER_WEBHOOKS_GIVE_UP_HOURS: z._default(
    z.coerce.number('must be a number').check(z.gt(0, 'must be more than 0'), z.lte(720, 'must be at most 720')),
    24,
  ),
});
export type WebhooksConfig = z.infer<typeof WebhooksConfig>;
