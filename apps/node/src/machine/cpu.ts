import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Time that all cores together spent so far, in whatever unit, as long as both are of the same. */
export interface CpuTimes {
  readonly busy: number;
  readonly idle: number;
}

/** The first line of `/proc/stat` (proc_stat(5)): user, nice, system, idle, iowait, irq, softirq, steal; guests are in user. */
export function parseProcStat(text: string): CpuTimes | undefined {
  const line = /^cpu +(.*)$/m.exec(text)?.[1];
  if (line === undefined) return undefined;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .split(/ +/)
    .map(Number);
  const times = { busy: user + nice + system + irq + softirq + steal, idle: idle + iowait };
  return Number.isFinite(times.busy) && Number.isFinite(times.idle) ? times : undefined;
}

/** How busy the machine was between two readings, in percent of all its cores. Undefined when no time passed between them. */
export function cpuPercentBetween(before: CpuTimes, after: CpuTimes): number | undefined {
  const busy = Math.max(0, after.busy - before.busy);
  const idle = Math.max(0, after.idle - before.idle);
  const percent = (100 * busy) / (busy + idle);
  return Number.isFinite(percent) ? Math.round(percent * 10) / 10 : undefined;
}

/** `/proc/stat` where there is one: `os.cpus` also asks each core for its clock rate, which costs on a machine with many. */
export function readCpuTimes(): CpuTimes {
  const times = process.platform === 'linux' ? parseProcStat(readFileSync('/proc/stat', 'utf8')) : undefined;
  if (times !== undefined) return times;
  const cores = cpus().map(({ times: { user, nice, sys, irq, idle } }) => ({ busy: user + nice + sys + irq, idle }));
  return {
    busy: cores.reduce((sum, { busy }) => sum + busy, 0),
    idle: cores.reduce((sum, { idle }) => sum + idle, 0),
  };
}
