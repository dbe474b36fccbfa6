import type { GpuBackend } from '../engine.js';

/** The one version of node-llama-cpp that this node installs and was tried with. Its licence is MIT. */
export const ENGINE_VERSION = '3.22.1';

/** A kind of processor that a binary was built for. */
export type Backend = Exclude<GpuBackend, 'auto'>;

/** What decides which binary a machine needs. */
export interface MachineFacts {
  readonly platform: NodeJS.Platform;
  readonly arch: NodeJS.Architecture;
  /** Linux with the GNU C library; others have none of the binaries. */
  readonly glibc: boolean;
  /** Makers of the graphics processors found. */
  readonly gpuVendors: readonly string[];
  /** Libraries that the loader finds, as `libcudart.so.13`. */
  readonly libraries: ReadonlySet<string>;
}

/** A binary and the packages that it comes in. */
export interface Binary {
  readonly backend: Backend;
  readonly packages: readonly string[];
}

const of = (backend: Backend, ...names: string[]): Binary => ({
  backend,
  packages: names.map((name) => `@node-llama-cpp/${name}`),
});

/**
 * The binaries that can work on a machine, the best first; the last is the one for its processor alone. Empty when there is
 * none for such a machine. The CUDA binary asks for the libraries of CUDA 13; for those of CUDA 12 it needs an extension.
 */
export function binariesFor({ platform, arch, glibc, gpuVendors, libraries }: MachineFacts): Binary[] {
  if (platform === 'darwin' && arch === 'arm64') return [of('metal', 'mac-arm64-metal')];
  if (platform === 'darwin' && arch === 'x64') return [of('cpu', 'mac-x64')];
  if (platform !== 'linux' || !glibc) return [];
  if (arch === 'arm64') return [of('cpu', 'linux-arm64')];
  if (arch === 'arm') return [of('cpu', 'linux-armv7l')];
  if (arch === 'riscv64') return [of('cpu', 'linux-riscv64')];
  if (arch !== 'x64') return [];
  const has = (...names: string[]) => names.every((name) => libraries.has(name));
  const binaries: Binary[] = [];
  if (gpuVendors.includes('nvidia') && has('libcuda.so.1')) {
    if (has('libcudart.so.13', 'libcublas.so.13')) binaries.push(of('cuda', 'linux-x64-cuda'));
    else if (has('libcudart.so.12', 'libcublas.so.12'))
      binaries.push(of('cuda', 'linux-x64-cuda', 'linux-x64-cuda-ext'));
  }
  if (gpuVendors.some((vendor) => vendor !== 'other') && has('libvulkan.so.1'))
    binaries.push(of('vulkan', 'linux-x64-vulkan'));
  return [...binaries, of('cpu', 'linux-x64')];
}

/** Why graphics processors of a machine will not be used, undefined when they will or there are none. */
export function unusedGpus(facts: MachineFacts): string | undefined {
  const [best] = binariesFor(facts);
  if (best === undefined || best.backend !== 'cpu' || facts.platform !== 'linux') return undefined;
  if (!facts.gpuVendors.some((vendor) => vendor !== 'other')) return undefined;
  if (facts.arch !== 'x64') return 'There is no binary for graphics processors on this kind of machine.';
  return facts.gpuVendors.includes('nvidia')
    ? 'To use the graphics processor, install the CUDA 12 or 13 runtime with cuBLAS, or the Vulkan loader (libvulkan1), and start the node again.'
    : 'To use the graphics processor, install the Vulkan loader (libvulkan1) and its driver, and start the node again.';
}
