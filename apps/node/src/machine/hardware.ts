import { cpus, hostname } from 'node:os';
import type { Gpu, Hardware } from '@muster/contracts';
import si from 'systeminformation';

/** What this machine is made of, its graphics processors given. */
export async function readHardware(gpus: readonly Gpu[]): Promise<Hardware> {
  const [cpu, memory, system] = await Promise.all([si.cpu(), si.mem(), si.osInfo()]);
  return {
    hostname: hostname().slice(0, 256),
    platform: describe(system.distro || system.platform, system.release, system.arch).slice(0, 128),
    cpu: {
      model: (cpus()[0]?.model.trim() || describe(cpu.manufacturer, cpu.brand) || 'Unknown processor').slice(0, 256),
      cores: Math.max(1, cpu.cores || cpus().length),
    },
    memoryTotalBytes: Math.round(memory.total),
    gpus: [...gpus],
  };
}

const describe = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ');
