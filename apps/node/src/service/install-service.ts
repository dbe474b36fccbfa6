import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { accessKeys, keepAccessKey } from '../access-keys.js';
import type { NodeConfig } from '../command-line.js';
import { exitCodes, StartFailure } from '../start-failure.js';
import { planService, SERVICE, type ServiceCommand, type ServicePlan } from './service-plan.js';

/** As sd_booted(3) finds out whether systemd runs the machine. */
const BOOTED = '/run/systemd/system';

/**
 * Installs the node service for systemd, or only prints its unit. Done again it brings the unit up to date and restarts the
 * service; the data folder stays as it is. Throws StartFailure that says what is missing.
 */
export function installService(
  command: ServiceCommand,
  config: NodeConfig,
  program: string,
  say: (text: string) => void,
): void {
  const plan = planService(command, config.port, config.data, {
    home: homedir(),
    node: process.execPath,
    program,
    groups: groupNames(),
  });
  if (command.print) {
    say(plan.unit);
    return;
  }
  if (!existsSync(BOOTED))
    throw new StartFailure('systemd does not run this machine. --print shows the unit.', exitCodes.configuration);
  if (!command.own && process.geteuid?.() !== 0)
    throw new StartFailure(
      'Only root installs a service for the machine: use sudo, or --user for a service of your own.',
      exitCodes.configuration,
    );
  const owner = plan.user === undefined ? undefined : ownerOf(plan.user, plan.data);
  prepareData(plan.data, owner, config);
  mkdirSync(dirname(plan.unitPath), { recursive: true });
  writeFileSync(plan.unitPath, plan.unit, { mode: 0o644 });
  const systemctl = (...args: string[]) => {
    run('systemctl', [...(command.own ? ['--user'] : []), ...args]);
  };
  systemctl('daemon-reload');
  systemctl('enable', SERVICE);
  systemctl('restart', SERVICE);
  say(installedWords(plan));
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The service's user, made when there is none: without a log-in, its home the data folder. */
function ownerOf(user: string, data: string): Owner {
  const id = (what: '-u' | '-g') => Number(run('id', [what, user]));
  try {
    id('-u');
  } catch {
    run('useradd', [
      '--system',
      '--user-group',
      '--home-dir',
      data,
      '--no-create-home',
      '--shell',
      '/usr/sbin/nologin',
      user,
    ]);
  }
  return { uid: id('-u'), gid: id('-g') };
}

/** The data folder with the access key, when one was given, readable by the service alone. */
function prepareData(data: string, owner: Owner | undefined, config: NodeConfig): void {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  if (owner !== undefined) chownSync(data, owner.uid, owner.gid);
  if (config.accessKey === undefined && config.accessKeyFile === undefined) return;
  const file = keepAccessKey(data, accessKeys(config, data).current());
  if (owner !== undefined) chownSync(file, owner.uid, owner.gid);
}

function installedWords({ user, data, unitPath }: ServicePlan): string {
  const scope = user === undefined ? ' --user' : '';
  return [
    `${SERVICE} runs, and starts with the machine: ${unitPath}`,
    `Its log: journalctl${scope} -u ${SERVICE} -f`,
    `Its access key: ${join(data, 'access-key')}`,
    `Models go into ${join(data, 'models')}, unless --models named other folders.`,
    ...(user === undefined ? ['It ends when you log out, unless: loginctl enable-linger'] : []),
  ].join('\n');
}

function groupNames(): Set<string> {
  try {
    return new Set(
      readFileSync('/etc/group', 'utf8')
        .split('\n')
        .map((line) => line.split(':')[0] ?? ''),
    );
  } catch {
    return new Set();
  }
}

function run(file: string, args: readonly string[]): string {
  try {
    return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const said = String((error as { stderr?: unknown }).stderr ?? '')
      .trim()
      .split('\n')
      .at(-1);
    throw new StartFailure(`${file} ${args.join(' ')} failed: ${said || String(error)}`, exitCodes.configuration, {
      cause: error,
    });
  }
}
