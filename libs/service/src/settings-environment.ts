import { type DialSettings, MOST_ORIGINS, readOrigin } from '@muster/contracts';
import * as z from 'zod/mini';
import { Switch } from './config.js';

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535;

/** `1024-65535`, or one port. */
const PortRange = z.pipe(
  z.string(),
  z.transform((text, context) => {
    const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
    const range = { from: Number(from), to: Number(to) };
    if (isPort(range.from) && isPort(range.to) && range.from <= range.to) return range;
    context.issues.push({ code: 'custom', message: 'must be a port or a range as 1024-65535', input: text });
    return z.NEVER;
  }),
);

/**
 * What may be dialled until somebody sets it in the console. Read by the registry, which tells everybody what is in force, and
 * by the monitor for as long as it has not been told.
 */
export const DialEnvironment = {
  /** Nodes on the Gateway's own machine. */
  MUSTER_DIAL_LOOPBACK: z._default(Switch, false),
  /** Nodes in private networks. */
  MUSTER_DIAL_PRIVATE: z._default(Switch, true),
  MUSTER_DIAL_PORTS: z._default(PortRange, { from: 1_024, to: 65_535 }),
} as const;

/** Origins with commas between, in the form that browsers send. */
const Origins = z.pipe(
  z.string(),
  z.transform((text, context) => {
    const given = text
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== '');
    const read = given.map(readOrigin).flatMap((each) => ('origin' in each ? [each.origin] : []));
    const origins = [...new Set(read)];
    if (read.length === given.length && origins.length <= MOST_ORIGINS) return origins;
    const message = `must be at most ${MOST_ORIGINS} origins with commas between, as https://a.example`;
    context.issues.push({ code: 'custom', message, input: text });
    return z.NEVER;
  }),
);

/**
 * Further origins under which people open the console, until somebody sets them there. Read by the registry, which tells
 * everybody what is in force, and by the gateway for as long as it has not been told.
 */
export const OriginsEnvironment = {
  MUSTER_ALLOWED_ORIGINS: z._default(Origins, [] as string[]),
} as const;

/** The dial settings that an environment says. */
export const dialSettingsOf = (environment: z.output<z.ZodMiniObject<typeof DialEnvironment>>): DialSettings => ({
  loopback: environment.MUSTER_DIAL_LOOPBACK,
  private: environment.MUSTER_DIAL_PRIVATE,
  ports: environment.MUSTER_DIAL_PORTS,
});
