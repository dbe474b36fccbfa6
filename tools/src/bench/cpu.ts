import { readdir, readFile } from 'node:fs/promises';

/** Clock ticks a second in /proc: 100 on every Linux that Node runs on (sysconf(_SC_CLK_TCK)). */
const TICKS_PER_S = 100;
const PAGE_BYTES = 4_096;

export interface Usage {
  /** Seconds of processor time since the process began, user and system. */
  readonly cpuS: number;
  /** Memory that is resident and not shared with a file; of several processes, added up. */
  readonly memoryBytes: number;
}

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

/** pid, parent and processor time of a line of /proc/<pid>/stat: fields 1, 4, 14 and 15 of proc(5). */
export function parseUsage(stat: string): ProcessStat | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const numbers = [stat.split(' ')[0], fields[1], fields[11], fields[12]].map(Number);
  const [pid, parent, user, system] = numbers;
  if (pid === undefined || parent === undefined || user === undefined || system === undefined) return undefined;
  return numbers.every(Number.isFinite) ? { pid, parent, ticks: user + system } : undefined;
}

/** What a process and all that it has started use, less what is `apart`. Linux alone tells it this way. */
export async function usageOf(pid: number, apart: readonly number[] = []): Promise<Usage> {
  const all = (await Promise.all((await pids()).map(readStat))).filter((each) => each !== undefined);
  const family = familyOf(
    pid,
    all.filter((each) => each.pid === pid || !apart.includes(each.pid)),
  );
  const memory = await Promise.all(family.map(({ pid: member }) => ownMemory(member)));
  return {
    cpuS: family.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_S,
    memoryBytes: memory.reduce((sum, bytes) => sum + bytes, 0),
  };
}

/** The process and its descendants. */
export function familyOf(pid: number, all: readonly ProcessStat[]): ProcessStat[] {
  const children = all.filter(({ parent }) => parent === pid);
  return [...all.filter((each) => each.pid === pid), ...children.flatMap((child) => familyOf(child.pid, all))];
}

const pids = async (): Promise<number[]> => (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);

async function readStat(pid: number): Promise<ProcessStat | undefined> {
  try {
    return parseUsage(await readFile(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Resident less shared pages: fields 2 and 3 of /proc/<pid>/statm. */
async function ownMemory(pid: number): Promise<number> {
  const [, resident = 0, shared = 0] = (await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '0 0 0'))
    .split(' ')
    .map(Number);
  return (resident - shared) * PAGE_BYTES;
}
