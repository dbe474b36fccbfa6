import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AMD_FILES, AMD_SENSORS, type AmdText, parseAmd } from './amd-sysfs.js';
import { type GpuInfo, type GpuSource } from './gpu-source.js';
import { known } from '../known.js';

const AMD_VENDOR = '0x1002';

/** The AMD processors that the kernel's amdgpu driver runs. `nameAt` knows a name by PCI address, as in `03:00.0`. */
export function amdGpus(
  nameAt: (pciAddress: string) => string | undefined,
  root = '/sys/class/drm',
): GpuSource | undefined {
  const cards = namesIn(root)
    .filter((name) => /^card\d+$/.test(name))
    .sort((one, other) => Number(one.slice(4)) - Number(other.slice(4)))
    .map((name) => join(root, name, 'device'))
    .filter((device) => textOf(join(device, 'vendor'))?.trim() === AMD_VENDOR)
    .filter((device) => existsSync(join(device, AMD_FILES.memoryTotal)));
  if (cards.length === 0) return undefined;
  const readers = cards.map((device) => {
    const [monitor] = namesIn(join(device, 'hwmon'));
    const sensors = monitor === undefined ? undefined : join(device, 'hwmon', monitor);
    return () => parseAmd(textsOf(device, sensors));
  });
  return {
    gpus: cards.map((device, n) => {
      const { memoryTotalBytes } = readers[n]?.() ?? {};
      const pciAddress = basename(realpathSync(device)).replace(/^0000:/, '');
      const name = textOf(join(device, 'product_name'))?.trim() || nameAt(pciAddress) || 'AMD GPU';
      return known<GpuInfo>({ name: name.slice(0, 256), vendor: 'amd', memoryTotalBytes, unifiedMemory: false });
    }),
    read: () => readers.map((read) => read()),
    stop: () => undefined,
  };
}

function textsOf(device: string, sensors: string | undefined): AmdText {
  const of = (folder: string, files: Record<string, string>) =>
    Object.fromEntries(Object.entries(files).map(([key, file]) => [key, textOf(join(folder, file))]));
  return { ...of(device, AMD_FILES), ...(sensors === undefined ? {} : of(sensors, AMD_SENSORS)) };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not every chip has every file, and one that is asleep answers none.
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
