import { hostProblem } from '@muster/contracts';
import { DialEnvironment, MusterSecret, ServiceConfig } from '@muster/service';
import * as z from 'zod/mini';

const inPortRange = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535;

/** `host:port`, several with commas between; IPv6 in brackets. */
const Addresses = z.pipe(
  z.string(),
  z.transform((text, context) => {
    const addresses = text.split(',').flatMap((each) => {
      const [, bracketed, bare, port = ''] = /^(?:\[(.*)\]|([^:]*)):(\d{1,5})$/.exec(each.trim()) ?? [];
      const host = bracketed ?? bare ?? '';
      return hostProblem(host) === undefined && inPortRange(Number(port)) ? [{ host, port: Number(port) }] : [];
    });
    if (addresses.length === text.split(',').length) return addresses;
    context.issues.push({ code: 'custom', message: 'must be host:port, several with commas between', input: text });
    return z.NEVER;
  }),
);

/** What the monitor reads from its environment. */
export const MonitorConfig = z.extend(ServiceConfig, {
  DATABASE_URL: z
    .string('must be set')
    .check(z.regex(/^postgres(?:ql)?:\/\//, 'must begin with postgres:// or postgresql://')),
  MUSTER_SECRET: MusterSecret,
  ...DialEnvironment,
  /** Further services of this installation, which are never dialled. Database, bus and monitor are known. */
  MUSTER_OWN_ADDRESSES: z._default(Addresses, []),
  /** Names this monitor in states and pulses; a random name unless set. */
  MUSTER_MONITOR_ID: z.optional(
    z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, - or _')),
  ),
});
export type MonitorConfig = z.infer<typeof MonitorConfig>;
