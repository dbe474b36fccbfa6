import type { Gpu, GpuSample } from '@muster/contracts';

export type GpuInfo = Omit<Gpu, 'index'>;
export type GpuReading = Omit<GpuSample, 'index'>;

/** The graphics processors of one maker and how to read them. `read` answers in the order of `gpus`, at once. */
export interface GpuSource {
  readonly gpus: readonly GpuInfo[];
  read(): readonly GpuReading[];
  stop(): void;
}

/** Several sources as one: numbered through, the nth reading for the nth processor. */
export function allGpus(sources: readonly GpuSource[]): {
  gpus: readonly Gpu[];
  read(): GpuSample[];
  stop(): void;
} {
  return {
    gpus: sources.flatMap((source) => source.gpus).map((gpu, index) => ({ index, ...gpu })),
    read: () =>
      sources
        .flatMap((source) => {
          const readings = source.read();
          return source.gpus.map((_gpu, n) => readings[n] ?? {});
        })
        .map((reading, index) => ({ index, ...reading })),
    stop: () => {
      for (const source of sources) source.stop();
    },
  };
}

/** A percentage as the contract has it; drivers report a little more than 100 now and then. */
export const percentOf = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : Math.min(100, Math.max(0, value));
