import { readFileSync } from 'node:fs';
import si from 'systeminformation';

export interface Memory {
  readonly totalBytes: number;
  readonly usedBytes: number;
}

/**
 * `/proc/meminfo` (proc_meminfo(5)). Used is what programs could not get: total without MemAvailable, so that the page cache,
 * in which model files lie, does not count.
 */
export function parseMeminfo(text: string): Memory | undefined {
  const bytes = (name: string): number | undefined => {
    const kib = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  };
  const totalBytes = bytes('MemTotal');
  const available = bytes('MemAvailable');
  if (totalBytes === undefined || available === undefined) return undefined;
  return { totalBytes, usedBytes: Math.max(0, totalBytes - available) };
}

export async function readMemory(): Promise<Memory> {
  const memory = process.platform === 'linux' ? parseMeminfo(readFileSync('/proc/meminfo', 'utf8')) : undefined;
  if (memory !== undefined) return memory;
  const { total, available } = await si.mem();
  return { totalBytes: Math.round(total), usedBytes: Math.max(0, Math.round(total - available)) };
}
