import { binariesFor, type MachineFacts, unusedGpus } from './release.js';

const machine = (
  facts: Partial<Omit<MachineFacts, 'libraries'>> & { libraries?: readonly string[] },
): MachineFacts => ({
  platform: 'linux',
  arch: 'x64',
  glibc: true,
  gpuVendors: [],
  ...facts,
  libraries: new Set(facts.libraries ?? []),
});
const cuda = (version: number) => ['libcuda.so.1', `libcudart.so.${version}`, `libcublas.so.${version}`];
const found = (facts: MachineFacts) =>
  binariesFor(facts).map(({ backend, packages }) => [backend, ...packages.map((name) => name.split('/')[1])].join(' '));

describe('The binaries that can work on a machine', () => {
  it.each([
    ['without graphics processors', machine({}), ['cpu linux-x64']],
    ['with one that has no driver', machine({ gpuVendors: ['nvidia'] }), ['cpu linux-x64']],
    ['with a virtual one', machine({ gpuVendors: ['other'], libraries: ['libvulkan.so.1'] }), ['cpu linux-x64']],
    [
      'with CUDA 13',
      machine({ gpuVendors: ['nvidia'], libraries: cuda(13) }),
      ['cuda linux-x64-cuda', 'cpu linux-x64'],
    ],
    [
      'with CUDA 12 and Vulkan',
      machine({ gpuVendors: ['nvidia'], libraries: [...cuda(12), 'libvulkan.so.1'] }),
      ['cuda linux-x64-cuda linux-x64-cuda-ext', 'vulkan linux-x64-vulkan', 'cpu linux-x64'],
    ],
    ['with CUDA 11', machine({ gpuVendors: ['nvidia'], libraries: cuda(11) }), ['cpu linux-x64']],
    [
      'of AMD with Vulkan',
      machine({ gpuVendors: ['amd'], libraries: ['libvulkan.so.1'] }),
      ['vulkan linux-x64-vulkan', 'cpu linux-x64'],
    ],
    ['on ARM', machine({ arch: 'arm64', gpuVendors: ['nvidia'], libraries: cuda(13) }), ['cpu linux-arm64']],
    ['of Apple', machine({ platform: 'darwin', arch: 'arm64', glibc: false }), ['metal mac-arm64-metal']],
    ['without the GNU C library', machine({ glibc: false }), []],
    ['with Windows', machine({ platform: 'win32', glibc: false }), []],
  ])('%s', (_what, facts, binaries) => {
    expect(found(facts)).toEqual(binaries);
  });

  it('come with a word when graphics processors will lie idle', () => {
    expect(unusedGpus(machine({}))).toBeUndefined();
    expect(unusedGpus(machine({ gpuVendors: ['nvidia'], libraries: cuda(13) }))).toBeUndefined();
    expect(unusedGpus(machine({ gpuVendors: ['nvidia'] }))).toMatch(/CUDA 12 or 13 runtime with cuBLAS, or the Vulkan/);
    expect(unusedGpus(machine({ gpuVendors: ['amd'] }))).toMatch(/Vulkan loader/);
    expect(unusedGpus(machine({ arch: 'arm64', gpuVendors: ['nvidia'] }))).toMatch(/no binary for graphics/);
  });
});
