import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { RUN_VARIABLE } from '../engines/process-run.js';
import { errorCode } from '../error-code.js';
import type { LeftRun } from './kept-files.js';

const run = promisify(execFile);

/** How long what is asked to end gets for it, and how long for being gone after it was killed. */
const ASK_MS = 2_000;
const KILL_MS = 10_000;
const LOOK_EVERY_MS = 20;

/**
 * Tells a process from every other that ever had or will have its number: on Linux the start of the machine and the
 * process's own start in clock ticks after that (proc(5), /proc/pid/stat field 22), elsewhere what `ps` says of its start. Undefined
 * when there is no such process.
 */
export async function processMark(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = readOr(`/proc/${pid}/stat`);
    if (stat === undefined) return undefined;
    // The name in the second field may hold anything, spaces and brackets too: the last bracket ends it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie is gone but for its parent's taking notice.
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${readOr('/proc/sys/kernel/random/boot_id')?.trim() ?? ''} ${fields[19] ?? ''}`;
  }
  try {
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Ends every process that is left of these runs: asks, then kills, and waits until they are gone. A process is one of them
 * when its number and its start are those that were noted, or when it carries the run's id in its environment; no other is
 * ever touched. Resolves with how many there were.
 */
export async function endLeftRuns(runs: readonly LeftRun[]): Promise<number> {
  const left = await leftProcesses(runs);
  if (left.size === 0) return 0;
  for (const pid of left) signal(pid, 'SIGTERM');
  if (!(await goneWithin(runs, ASK_MS))) {
    for (const pid of await leftProcesses(runs)) signal(pid, 'SIGKILL');
    await goneWithin(runs, KILL_MS);
  }
  return left.size;
}

async function goneWithin(runs: readonly LeftRun[], withinMs: number): Promise<boolean> {
  const untilMs = performance.now() + withinMs;
  while (performance.now() < untilMs) {
    if ((await leftProcesses(runs)).size === 0) return true;
    await sleep(LOOK_EVERY_MS);
  }
  return false;
}

async function leftProcesses(runs: readonly LeftRun[]): Promise<ReadonlySet<number>> {
  const found = new Set<number>();
  for (const { pid, mark } of runs)
    if (pid !== undefined && mark !== undefined && (await processMark(pid)) === mark) found.add(pid);
  const ids = new Set(runs.map(({ runId }) => runId));
  for (const pid of pidsWith(ids)) found.add(pid);
  found.delete(process.pid);
  return found;
}

/** Linux alone shows a process's environment; elsewhere what was noted has to do. */
function* pidsWith(runIds: ReadonlySet<string>): Generator<number> {
  if (process.platform !== 'linux' || runIds.size === 0) return;
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const environment = readOr(`/proc/${pid}/environ`) ?? '';
    const [, runId] = environment.match(OWN_RUN) ?? [];
    if (runId !== undefined && runIds.has(runId)) yield pid;
  }
}

const OWN_RUN = new RegExp(`(?:^|\\u0000)${RUN_VARIABLE}=([0-9a-f-]{36})(?:\\u0000|$)`);

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

/** A process may go while it is looked at, and those of others can not be read. */
function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
