import { type BusService, busServices, permissionsOf } from '@muster/contracts';

export interface NatsServerSettings {
  /** Lines of its configuration that say where it listens and the like. */
  readonly head: readonly string[];
  readonly storeDir: string;
  /** The password of each user, as its configuration has it: a JSON string, or a variable of the environment. */
  readonly passwordOf: (user: BusService | 'muster' | 'system') => string;
  /** One outsider a line, as the registry writes them. */
  readonly outsiders: string;
}

/** Stands where the users of outsiders come. */
export const OUTSIDERS_MARK = '# Outsiders, as the registry has written them:';

const list = (subjects: readonly string[]): string =>
  `[${subjects.map((subject) => JSON.stringify(subject)).join(', ')}]`;

/**
 * The configuration of a nats-server for Muster: the account MUSTER with a user for each service, one for tools that may everything
 * there, and the outsiders; and the system account, where the registry asks who is connected. Nobody comes in without a password.
 */
export function natsConfig({ head, storeDir, passwordOf, outsiders }: NatsServerSettings): string {
  const services = (Object.keys(busServices) as BusService[]).flatMap((service) => {
    const { publish, subscribe } = permissionsOf(service);
    return [
      `      { user: ${service}, password: ${passwordOf(service)}, permissions: {`,
      `        publish: { allow: ${list(publish)} }`,
      `        subscribe: { allow: ${list(subscribe)} }`,
      '      } }',
    ];
  });
  return [
    ...head,
    // A reader that takes nothing for so long is let go; what waits for it is bounded.
    'write_deadline: "10s"',
    'max_pending: 64MB',
    'max_payload: 1MB',
    `jetstream { store_dir: ${storeDir} }`,
    'system_account: SYS',
    'accounts {',
    `  SYS { users: [ { user: system, password: ${passwordOf('system')} } ] }`,
    '  MUSTER {',
    '    jetstream: enabled',
    '    users: [',
    `      { user: muster, password: ${passwordOf('muster')} }`,
    ...services,
    OUTSIDERS_MARK,
    ...(outsiders.trim() === '' ? [] : [outsiders.trimEnd()]),
    '    ]',
    '  }',
    '}',
    '',
  ].join('\n');
}

/** `deploy/nats.conf`: the same with the passwords from the environment, and without outsiders: `deploy/nats.sh` puts them in. */
export const containersConfig = (): string =>
  natsConfig({
    head: [
      '# The bus of the containers. Passwords come from the environment, the users of outsiders from the registry: see nats.sh.',
      '# Made from the tables of libs/contracts; a test compares.',
      'server_name: muster',
      'http: 127.0.0.1:8222',
    ],
    storeDir: '/data',
    passwordOf: (user) => `$${passwordVariable(user)}`,
    outsiders: '',
  });

/** The name of the variable that holds the password of a user: `NATS_REGISTRY_PASSWORD`; of the tools' user `NATS_PASSWORD`. */
export const passwordVariable = (user: BusService | 'muster' | 'system'): string =>
  user === 'muster' ? 'NATS_PASSWORD' : `NATS_${user.toUpperCase()}_PASSWORD`;
