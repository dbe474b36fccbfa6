export interface UnitSpec {
  /** The node and its arguments, whole paths. */
  readonly command: readonly [string, ...string[]];
  /** The user that it runs as; undefined for a unit of the user who installs it. */
  readonly user: string | undefined;
  /** Groups besides, that let it use graphics processors. */
  readonly groups: readonly string[];
  /** The data folder. */
  readonly data: string;
  /** A port that only root may listen on without a grant. */
  readonly lowPort: boolean;
}

/** The folder of systemd's that a unit may keep state in, so that systemd itself makes it and hands it over. */
const STATE_FOLDER = '/var/lib/';

/**
 * What the service may not do, although its user could. Graphics drivers need their devices and pages that they make
 * executable: nothing that closes those is here, and so not ProtectClock=, which names one device and thereby closes all others.
 */
const HARDENING = [
  'NoNewPrivileges=true',
  'ProtectSystem=strict',
  'ProtectHome=read-only',
  'PrivateTmp=true',
  'ProtectControlGroups=true',
  'ProtectHostname=true',
  'ProtectKernelLogs=true',
  'ProtectKernelModules=true',
  'ProtectKernelTunables=true',
  'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
  'RestrictNamespaces=true',
  'RestrictRealtime=true',
  'RestrictSUIDSGID=true',
  'RemoveIPC=true',
  'LockPersonality=true',
  'SystemCallArchitectures=native',
] as const;

/**
 * The systemd unit of the node service (systemd.service(5), systemd.exec(5)). One of a user's own has no hardening that takes
 * privileges to set up: that user's manager would refuse it.
 */
export function unitFile({ command, user, groups, data, lowPort }: UnitSpec): string {
  const state = data.startsWith(STATE_FOLDER) ? data.slice(STATE_FOLDER.length) : undefined;
  const own = user === undefined;
  return lines(
    '[Unit]',
    'Description=Muster node',
    'After=network-online.target',
    'Wants=network-online.target',
    '',
    '[Service]',
    'Type=exec',
    !own && `User=${user}`,
    !own && groups.length > 0 && `SupplementaryGroups=${groups.join(' ')}`,
    `ExecStart=${command.map(quoted).join(' ')}`,
    'Environment=NODE_ENV=production LOG_FORMAT=json',
    !own && state !== undefined && `StateDirectory=${state}`,
    !own && state !== undefined && 'StateDirectoryMode=0700',
    !own && state === undefined && `ReadWritePaths=${quoted(data)}`,
    'UMask=0077',
    'Restart=on-failure',
    'RestartSec=2',
    '# What is wrong with options, settings or the data folder does not mend itself.',
    'RestartPreventExitStatus=64 73 75 78',
    '# The node itself ends its executors; what is left after that is killed.',
    'KillMode=mixed',
    'TimeoutStopSec=60',
    '# An executor that takes too much memory ends, not the node.',
    'OOMPolicy=continue',
    'LimitNOFILE=65536',
    '',
    ...(own
      ? ['NoNewPrivileges=true']
      : [
          ...HARDENING,
          `CapabilityBoundingSet=${lowPort ? 'CAP_NET_BIND_SERVICE' : ''}`,
          lowPort && 'AmbientCapabilities=CAP_NET_BIND_SERVICE',
        ]),
    '',
    '[Install]',
    `WantedBy=${own ? 'default.target' : 'multi-user.target'}`,
  );
}

const lines = (...all: (string | false)[]): string => `${all.filter((line) => line !== false).join('\n')}\n`;

/** One word of a command line in a unit: quotes, and neither specifiers (`%`) nor variables (`$`) of systemd's. */
function quoted(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./-]+$/.test(plain) ? plain : `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
