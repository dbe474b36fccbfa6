import { problemsOf } from '@muster/contracts';
import * as z from 'zod/mini';

/** A port to listen on: 0 lets the system choose. */
export const ListenPort = z.coerce
  .number('must be a number')
  .check(
    z.refine((port) => Number.isInteger(port) && port >= 0 && port <= 65_535, 'must be a whole number from 0 to 65535'),
  );

/** `on` or `off`, read as true or false. */
export const Switch = z.pipe(
  z.enum(['on', 'off'], 'must be on or off'),
  z.transform((word) => word === 'on'),
);

/** 256 bits as 43 characters of base64url. */
export const MusterSecret = z
  .string('must be set')
  .check(z.regex(/^[A-Za-z0-9_-]{43}$/, 'must be 43 characters of base64url: 256 random bits'));

/** One or several addresses of NATS. */
export const NatsUrl = z
  .string('must be set')
  .check(
    z.refine(
      (text) => text.split(',').every((one) => /^(?:nats|tls):$/.test(URL.parse(one.trim())?.protocol ?? '')),
      'must be nats://host:port or tls://host:port, several with commas between',
    ),
  );

/** What every service reads from its environment. Extend it with `z.extend`. */
export const ServiceConfig = z.object({
  NATS_URL: NatsUrl,
  PORT: z._default(ListenPort, 0),
  HOST: z._default(z.string().check(z.minLength(1, 'must not be empty')), '127.0.0.1'),
  LOG_FORMAT: z._default(z.enum(['json', 'pretty'], 'must be json or pretty'), 'json'),
  LOG_LEVEL: z._default(
    z.enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'must be trace, debug, info, warn, error, fatal or silent',
    ),
    'info',
  ),
});
export type ServiceConfig = z.infer<typeof ServiceConfig>;

/** The environment is not what the service needs. The message names each variable and its rule, never a value. */
export class ConfigProblem extends Error {
  override readonly name = 'ConfigProblem';
}

/** Reads the environment once, by a schema. An empty variable counts as absent. Throws ConfigProblem. */
export function readConfig<Schema extends z.ZodMiniType>(
  schema: Schema,
  env: Readonly<Record<string, string | undefined>>,
): z.output<Schema> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new ConfigProblem(
    problemsOf(parsed.error)
      .map(({ field, words }) => `${field}: ${words}`)
      .join('\n'),
  );
}
