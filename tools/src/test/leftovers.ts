import { readdir, readFile } from 'node:fs/promises';

/** The name of the variable that every process of a test run inherits, so that none can hide. */
export const RUN_MARK = 'MUSTER_TEST_MARK';

/**
 * Ends every process that carries the mark of this run and is not ours, and returns what they were. Linux tells the
 * environment of a process; elsewhere nothing is found.
 */
export async function endLeftovers(mark: string): Promise<string[]> {
  const ended: string[] = [];
  for (const pid of await pids()) {
    if (pid === process.pid || !(await carries(pid, mark))) continue;
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim();
    try {
      process.kill(pid, 'SIGKILL');
      ended.push(`${pid} ${command.slice(0, 120)}`);
    } catch {
      // It has ended meanwhile.
    }
  }
  return ended;
}

async function pids(): Promise<number[]> {
  if (process.platform !== 'linux') return [];
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
}

async function carries(pid: number, mark: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return environment.split('\0').includes(`${RUN_MARK}=${mark}`);
}
