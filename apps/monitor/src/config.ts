import { DialEnvironment, MusterSecret, OwnServices, ServiceConfig } from '@muster/service';
import * as z from 'zod/mini';

/** What the monitor reads from its environment. */
export const MonitorConfig = z.extend(ServiceConfig, {
  DATABASE_URL: z
    .string('must be set')
    .check(z.regex(/^postgres(?:ql)?:\/\//, 'must begin with postgres:// or postgresql://')),
  MUSTER_SECRET: MusterSecret,
  ...DialEnvironment,
  /** Further services of this installation, which are never dialled. Database, bus and monitor are known. */
  MUSTER_OWN_ADDRESSES: z._default(OwnServices, []),
  /** Names this monitor in states and pulses; a random name unless set. */
  MUSTER_MONITOR_ID: z.optional(
    z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, - or _')),
  ),
});
export type MonitorConfig = z.infer<typeof MonitorConfig>;
