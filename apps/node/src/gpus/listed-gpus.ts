import type { Systeminformation } from 'systeminformation';
import { type GpuInfo } from './gpu-source.js';
import { known } from '../known.js';

type Controller = Pick<Systeminformation.GraphicsControllerData, 'vendor' | 'model' | 'vram' | 'vramDynamic'>;

const MIB = 1024 ** 2;
const makers: readonly [RegExp, GpuInfo['vendor']][] = [
  [/nvidia/i, 'nvidia'],
  [/amd|ati technologies|advanced micro devices/i, 'amd'],
  [/apple/i, 'apple'],
  [/intel/i, 'intel'],
];

/** The maker of a controller, undefined for one that only drives a screen (a server's management chip, a virtual display). */
export const makerOf = ({ vendor, model }: Controller): GpuInfo['vendor'] | undefined =>
  makers.find(([pattern]) => pattern.test(`${vendor} ${model}`))?.[1];

/**
 * What the system lists as graphics controllers and no tool of its maker reads: known by name, and by memory where the system
 * tells it. Apple's chips and Intel's built into the processor use the machine's memory.
 */
export const listedGpus = (controllers: readonly Controller[], except: readonly GpuInfo['vendor'][]): GpuInfo[] =>
  controllers.flatMap((controller) => {
    const vendor = makerOf(controller);
    if (vendor === undefined || except.includes(vendor)) return [];
    const unifiedMemory = vendor === 'apple' || controller.vramDynamic;
    const { vram } = controller;
    return known<GpuInfo>({
      name: controller.model.slice(0, 256) || 'GPU',
      vendor,
      memoryTotalBytes: unifiedMemory || vram === null || vram <= 0 ? undefined : Math.round(vram * MIB),
      unifiedMemory,
    });
  });
