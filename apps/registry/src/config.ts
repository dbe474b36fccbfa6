import { AccessKey, DEFAULT_NODE_PORT, Host, Port, type SettingsValues, shippedSettings } from '@muster/contracts';
import {
  DialEnvironment,
  dialSettingsOf,
  MusterSecret,
  NatsUrl,
  OriginsEnvironment,
  ServiceConfig,
} from '@muster/service';
import * as z from 'zod/mini';

const Address = z.object({ host: Host, port: Port });

/** `localhost:8022`, `localhost`, `[::1]:8022`, or `off`: null, since undefined would take the default. */
export const LocalNode = z.pipe(
  z.string(),
  z.transform((text, context) => {
    if (text === 'off') return null;
    const [, bracketed, bare, port] = /^(?:\[(.*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
    const address = Address.safeParse({ host: bracketed ?? bare, port: port ? Number(port) : DEFAULT_NODE_PORT });
    if (address.success) return address.data;
    context.issues.push({ code: 'custom', message: 'must be host:port or off', input: text });
    return z.NEVER;
  }),
);

/** What the registry reads from its environment. */
export const RegistryConfig = z.extend(ServiceConfig, {
  DATABASE_URL: z
    .string('must be set')
    .check(z.regex(/^postgres(?:ql)?:\/\//, 'must begin with postgres:// or postgresql://')),
  MUSTER_SECRET: MusterSecret,
  /** What whoever makes the first account must know. Absent: no first account can be made by the page. */
  MUSTER_FIRST_CODE: z.optional(
    z.string().check(z.minLength(8, 'must have at least 8 characters'), z.maxLength(64, 'must have at most 64')),
  ),
  /** Where a first node is looked for as long as there never was one. */
  MUSTER_LOCAL_NODE: z._default(LocalNode, { host: 'localhost', port: DEFAULT_NODE_PORT }),
  /** The access key of a Gateway that has none yet, for a node started beside it with the same one. Absent: a random one. */
  MUSTER_ACCESS_KEY: z.optional(AccessKey),
  /** Where the registry asks NATS itself who is connected, as a user of its system account. Absent: nobody can tell. */
  NATS_SYSTEM_URL: z.optional(NatsUrl),
  /** Where the users of outsiders are written for NATS to read. Absent: its operator makes them. */
  NATS_USERS_FILE: z.optional(z.string()),
  /** The log of NATS, which alone says what it refused to whom. Absent: nobody reads it. */
  NATS_LOG_FILE: z.optional(z.string()),
  ...DialEnvironment,
  ...OriginsEnvironment,
});
export type RegistryConfig = z.infer<typeof RegistryConfig>;

/** The settings until somebody sets them in the console: as the environment says, else as shipped. */
export const firstSettings = (config: RegistryConfig): SettingsValues => ({
  ...shippedSettings,
  dial: dialSettingsOf(config),
  allowedOrigins: config.MUSTER_ALLOWED_ORIGINS,
});
