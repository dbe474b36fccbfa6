import { type GpuReading, percentOf } from './gpu-source.js';
import { known } from '../known.js';

/** Files of the amdgpu driver below `/sys/class/drm/card<n>/device` (kernel documentation, "AMDGPU driver information"). */
export const AMD_FILES = {
  busyPercent: 'gpu_busy_percent',
  memoryUsed: 'mem_info_vram_used',
  memoryTotal: 'mem_info_vram_total',
} as const;

/** And below its `hwmon/hwmon<n>`: millidegrees and microwatts; older chips have an average of the power, newer ones the power. */
export const AMD_SENSORS = {
  temperature: 'temp1_input',
  powerAverage: 'power1_average',
  power: 'power1_input',
} as const;

/** The text of each file, undefined where the chip has none. */
export type AmdText = Partial<Record<keyof typeof AMD_FILES | keyof typeof AMD_SENSORS, string | undefined>>;

const figure = (text: string | undefined): number | undefined => {
  const trimmed = text?.trim();
  return trimmed !== undefined && /^-?\d+$/.test(trimmed) ? Number(trimmed) : undefined;
};

export function parseAmd(text: AmdText): GpuReading {
  const temperature = figure(text.temperature);
  const power = figure(text.powerAverage) ?? figure(text.power);
  return known<GpuReading>({
    utilisationPercent: percentOf(figure(text.busyPercent)),
    memoryUsedBytes: figure(text.memoryUsed),
    memoryTotalBytes: figure(text.memoryTotal),
    temperatureCelsius: temperature === undefined ? undefined : temperature / 1_000,
    powerWatts: power === undefined || power < 0 ? undefined : power / 1_000_000,
  });
}
