import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CannotGoOn } from '../terminal.js';

const run = promisify(execFile);

/** A program and the words that come before whatever it is asked for. */
export type Words = readonly [string, ...string[]];

/** What runs containers on this machine. */
export interface Engine {
  readonly docker: Words;
  readonly compose: Words;
  /** As the programs say it. */
  readonly versions: string;
}

/** There is no engine, or none that this user may use: the check can not be made here, which says nothing about the release. */
export const NO_ENGINE = 3;

export class NoEngine extends CannotGoOn {}

/** Whether a program answers, and with what in its first line. */
export type Ask = (words: Words) => Promise<string | undefined>;

const composes: readonly Words[] = [['docker', 'compose'], ['docker-compose']];

/** Finds Docker and Compose, the plugin before the program of its own. Throws NoEngine, with what to do. */
export async function findEngine(ask: Ask = firstLine): Promise<Engine> {
  const docker = await ask(['docker', 'version', '--format', '{{.Server.Version}}']);
  if (docker === undefined)
    throw new NoEngine(
      'No container engine answers: neither "docker version" nor its server. Install Docker, start it, and let this user use it; then run this again.',
    );
  for (const compose of composes) {
    const version = await ask([...compose, 'version', '--short']);
    if (version !== undefined)
      return { docker: ['docker'], compose, versions: `Docker ${docker}, Compose ${version.replace(/^v/, '')}` };
  }
  throw new NoEngine('Docker answers, and Docker Compose is not there. Install it; then run this again.');
}

async function firstLine([file, ...args]: Words): Promise<string | undefined> {
  try {
    const { stdout } = await run(file, args, { timeout: 20_000 });
    return stdout.trim().split('\n')[0];
  } catch {
    return undefined;
  }
}
