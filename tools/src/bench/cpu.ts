import { readdir, readFile } from 'node:fs/promises';

/** Clock ticks a second in /proc: 100 on every Linux that Node runs on (sysconf(_SC_CLK_TCK)). */
const TICKS_PER_S = 100;
const PAGE_BYTES = 4_096;

export interface Usage {
  /** Seconds of processor time since the process began, user and system. */
  readonly cpuS: number;
  /** Resident memory; of several processes, what is not shared with a file, added up. */
  readonly memoryBytes: number;
}

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
  /** Of its children that have ended. */
  readonly childrenTicks: number;
}

/** pid, parent and processor time of a line of /proc/<pid>/stat: fields 1, 4 and 14 to 17 of proc(5). */
export function parseUsage(stat: string): ProcessStat | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const numbers = [stat.split(' ')[0], fields[1], ...fields.slice(11, 15)].map(Number);
  if (numbers.length < 6 || !numbers.every(Number.isFinite)) return undefined;
  const [pid = 0, parent = 0, user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = numbers;
  return { pid, parent, ticks: user + system, childrenTicks: childrenUser + childrenSystem };
}

/** Processor time of a process, of all that it has started, and of what of that has ended. */
export async function cpuMsOfFamily(pid: number): Promise<number> {
  const all = (await Promise.all((await pids()).map(readStat))).filter((each) => each !== undefined);
  const ticks = familyOf(pid, all).reduce((sum, each) => sum + each.ticks + each.childrenTicks, 0);
  return (ticks / TICKS_PER_S) * 1000;
}

/** Processor time of one process so far, without what it has started, and the memory that it has resident. */
export async function ownUsageOf(pid: number): Promise<Usage> {
  const stat = await readStat(pid);
  if (stat === undefined) throw new Error(`There is no process ${pid}`);
  const [, resident = 0] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ').map(Number);
  return { cpuS: stat.ticks / TICKS_PER_S, memoryBytes: resident * PAGE_BYTES };
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
