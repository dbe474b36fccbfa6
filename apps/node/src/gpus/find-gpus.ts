import si from 'systeminformation';
import { amdGpus } from './amd.js';
import { allGpus, type GpuSource } from './gpu-source.js';
import { listedGpus } from './listed-gpus.js';
import { nvidiaGpus } from './nvidia.js';

/** Every graphics processor of this machine: read through its maker's own means where there are any, else listed by name. */
export async function findGpus(failed: (what: string) => void): Promise<ReturnType<typeof allGpus>> {
  const { controllers } = await si.graphics();
  const nvidia = await nvidiaGpus((code) => failed(`nvidia-smi gives no figures (${code})`));
  const amd = amdGpus((address) => controllers.find(({ busAddress }) => busAddress === address)?.model);
  const listed = listedGpus(controllers, [
    ...(nvidia === undefined ? [] : (['nvidia'] as const)),
    ...(amd === undefined ? [] : (['amd'] as const)),
  ]);
  const others: GpuSource = { gpus: listed, read: () => [], stop: () => undefined };
  return allGpus([nvidia, amd, others].filter((source) => source !== undefined));
}
