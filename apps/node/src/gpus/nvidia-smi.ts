import { type GpuInfo, type GpuReading, percentOf } from './gpu-source.js';
import { known } from '../known.js';

/** What is asked, in this order; `nvidia-smi --help-query-gpu` explains each. */
const FIELDS = [
  'index',
  'name',
  'memory.total',
  'memory.used',
  'utilization.gpu',
  'temperature.gpu',
  'power.draw',
] as const;
export const QUERY: readonly string[] = [`--query-gpu=${FIELDS.join(',')}`, '--format=csv,noheader,nounits'];

export interface NvidiaGpu {
  readonly index: number;
  readonly info: GpuInfo;
  readonly reading: GpuReading;
}

const MIB = 1024 ** 2;

/** A figure, or undefined for `[N/A]`, `[Not Supported]`, `[Unknown Error]` and whatever else is no figure. */
const figure = (text: string | undefined): number | undefined =>
  text !== undefined && /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
const bytes = (mib: number | undefined): number | undefined => (mib === undefined ? undefined : Math.round(mib * MIB));

/**
 * One line of its output, undefined when it is none ("No devices were found", a failure told on stdout). A processor that
 * reports no memory of its own (Grace Blackwell, Jetson) uses the machine's.
 */
export function parseNvidiaLine(line: string): NvidiaGpu | undefined {
  const cells = line.split(',').map((cell) => cell.trim());
  if (cells.length < FIELDS.length) return undefined;
  // A name may hold a comma; the figures after it do not.
  const [index, ...rest] = cells;
  const figures = rest.splice(-5).map(figure);
  const number = figure(index);
  if (number === undefined || !Number.isInteger(number) || number < 0) return undefined;
  const [memoryTotalMib, memoryUsedMib, utilisation, temperature, power] = figures;
  const memoryTotalBytes = bytes(memoryTotalMib);
  return {
    index: number,
    info: known<GpuInfo>({
      name: rest.join(', ').slice(0, 256),
      vendor: 'nvidia',
      memoryTotalBytes,
      unifiedMemory: memoryTotalBytes === undefined,
    }),
    reading: known<GpuReading>({
      utilisationPercent: percentOf(utilisation),
      memoryUsedBytes: bytes(memoryUsedMib),
      memoryTotalBytes,
      temperatureCelsius: temperature,
      powerWatts: power !== undefined && power >= 0 ? power : undefined,
    }),
  };
}

export const parseNvidia = (output: string): NvidiaGpu[] =>
  output.split('\n').flatMap((line) => parseNvidiaLine(line) ?? []);
