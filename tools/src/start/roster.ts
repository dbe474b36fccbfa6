import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { identify, isRunning, ProcessIdentity } from '../process/identity.js';
import { readJson, writeWhole } from './data-folder.js';

const Entry = z.object({ ...ProcessIdentity.shape, name: z.string(), stopSignal: z.enum(['SIGTERM', 'SIGINT']) });
type Entry = z.infer<typeof Entry>;

/**
 * What a warden does: it reads a line with signal and number of every process as they come and go, and when the line ends
 * because its writer was killed, it asks them to end, and kills what is left after 10 s. Plain shell: it costs a megabyte.
 */
const WARDEN = `
trap '' INT TERM HUP
while read -r line; do all=$line; done
[ -z "$all" ] && exit 0
for one in $all; do kill -"\${one%%:*}" "\${one##*:}" 2>/dev/null; done
for _ in 1 2 3 4 5 6 7 8 9 10; do
  left=; for one in $all; do kill -0 "\${one##*:}" 2>/dev/null && left=yes; done
  [ -z "$left" ] && exit 0
  sleep 1
done
for one in $all; do kill -KILL "-\${one##*:}" 2>/dev/null; done
`;

/**
 * Every process this command has started, so that none outlives it: written down for the next start to sweep, and watched
 * over by a warden that ends them when this command is killed outright.
 */
export class Roster {
  private readonly entries = new Map<number, Entry>();
  private readonly warden: ChildProcess;
  private saved: Promise<void> = Promise.resolve();

  constructor(private readonly path: string) {
    this.warden = spawn('/bin/sh', ['-c', WARDEN], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    this.warden.on('error', () => undefined);
    this.warden.stdin?.on('error', () => undefined);
  }

  async add(pid: number, name: string, stopSignal: Entry['stopSignal']): Promise<void> {
    const identity = await identify(pid);
    if (identity === undefined) return;
    this.entries.set(pid, { ...identity, name, stopSignal });
    this.changed();
    await this.saved;
  }

  remove(pid: number): void {
    if (this.entries.delete(pid)) this.changed();
  }

  /** All have ended: so does the warden. */
  async close(): Promise<void> {
    await this.saved;
    await rm(this.path, { force: true });
    const ended = new Promise<void>((resolve) => this.warden.once('exit', () => resolve()));
    this.warden.stdin?.end('\n');
    if (this.warden.exitCode === null && this.warden.pid !== undefined) await ended;
  }

  private changed(): void {
    const all = [...this.entries.values()];
    // kill(1) knows the signals without their prefix.
    this.warden.stdin?.write(`${all.map(({ stopSignal, pid }) => `${stopSignal.slice(3)}:${pid}`).join(' ')}\n`);
    this.saved = this.saved.then(() => writeWhole(this.path, JSON.stringify(all))).catch(() => undefined);
  }
}

/**
 * Ends what a start that was killed outright has left behind, by number and start of each process, and returns the names.
 * Also removes Postgres's own lock when the process it names is no Postgres: after a reboot the number may be anybody's.
 */
export async function sweepLeftovers(path: string, postgresData: string): Promise<string[]> {
  const left: Entry[] = [];
  for (const entry of (await readJson(path, z.array(Entry))) ?? []) if (await isRunning(entry)) left.push(entry);
  for (const { pid, stopSignal } of left) process.kill(pid, stopSignal);
  const deadline = performance.now() + 10_000;
  for (const entry of left) {
    while (performance.now() < deadline && (await isRunning(entry))) await sleep(50);
    if (await isRunning(entry)) process.kill(-entry.pid, 'SIGKILL');
  }
  if (process.platform === 'linux' && !(await someProcessIn(postgresData)))
    await rm(join(postgresData, 'postmaster.pid'), { force: true });
  return left.map(({ name }) => name);
}

/** Whether a process works in this folder, as Postgres does in its data folder. */
async function someProcessIn(folder: string): Promise<boolean> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)))
    if ((await readlink(`/proc/${pid}/cwd`).catch(() => undefined)) === folder) return true;
  return false;
}
