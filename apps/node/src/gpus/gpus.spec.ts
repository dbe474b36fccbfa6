import { parseAmd } from './amd-sysfs.js';
import { allGpus } from './gpu-source.js';
import { listedGpus } from './listed-gpus.js';
import { parseNvidia, parseNvidiaLine } from './nvidia-smi.js';

const MIB = 1024 ** 2;

describe('the output of nvidia-smi', () => {
  it('gives each processor with its figures', () => {
    const output =
      '0, NVIDIA H100 80GB HBM3, 81559, 1204, 37, 41, 118.25\n1, NVIDIA H100 80GB HBM3, 81559, 4, 0, 33, 69.91\n';
    expect(parseNvidia(output)).toEqual([
      {
        index: 0,
        info: { name: 'NVIDIA H100 80GB HBM3', vendor: 'nvidia', memoryTotalBytes: 81_559 * MIB, unifiedMemory: false },
        reading: {
          utilisationPercent: 37,
          memoryUsedBytes: 1_204 * MIB,
          memoryTotalBytes: 81_559 * MIB,
          temperatureCelsius: 41,
          powerWatts: 118.25,
        },
      },
      expect.objectContaining({ index: 1 }),
    ]);
  });

  it('leaves out what a processor does not tell, and takes one without memory of its own for one that shares', () => {
    expect(parseNvidiaLine('0, NVIDIA GB10, [N/A], [N/A], 35, 52, 11.40')).toEqual({
      index: 0,
      info: { name: 'NVIDIA GB10', vendor: 'nvidia', unifiedMemory: true },
      reading: { utilisationPercent: 35, temperatureCelsius: 52, powerWatts: 11.4 },
    });
    expect(parseNvidiaLine('0, Orin (nvgpu), [N/A], [N/A], [N/A], [N/A], [Not Supported]')?.reading).toEqual({});
    expect(parseNvidiaLine('0, NVIDIA T400, 2048, 1, [N/A], 40, [Unknown Error]')?.reading).toEqual({
      memoryUsedBytes: MIB,
      memoryTotalBytes: 2048 * MIB,
      temperatureCelsius: 40,
    });
  });

  it.each([
    '',
    'No devices were found',
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
    'a, b, c, d, e, f, g',
    '0, NVIDIA T400, 2048',
  ])('is no processor when it is %j', (line) => {
    expect(parseNvidiaLine(line)).toBeUndefined();
  });
});

describe('the files of the amdgpu driver', () => {
  it('give the figures in our units', () => {
    expect(
      parseAmd({
        busyPercent: '97\n',
        memoryUsed: '12884901888\n',
        memoryTotal: '25753026560\n',
        temperature: '61000\n',
        powerAverage: '213000000\n',
      }),
    ).toEqual({
      utilisationPercent: 97,
      memoryUsedBytes: 12_884_901_888,
      memoryTotalBytes: 25_753_026_560,
      temperatureCelsius: 61,
      powerWatts: 213,
    });
  });

  it('give nothing where they are not there or hold no figure', () => {
    expect(parseAmd({})).toEqual({});
    expect(parseAmd({ busyPercent: '', temperature: 'n/a', power: '15000000' })).toEqual({ powerWatts: 15 });
  });
});

describe('what the system lists', () => {
  it('counts where its maker is one of graphics processors, and not where it only drives a screen', () => {
    const gpus = listedGpus(
      [
        { vendor: 'Apple', model: 'Apple M4 Max', vram: null, vramDynamic: true },
        { vendor: 'Intel Corporation', model: 'Arc B580', vram: 12_288, vramDynamic: false },
        { vendor: 'ASPEED Technology, Inc.', model: 'ASPEED Graphics Family', vram: 16, vramDynamic: false },
        { vendor: 'NVIDIA Corporation', model: 'T400', vram: 2048, vramDynamic: false },
      ],
      ['nvidia'],
    );
    expect(gpus).toEqual([
      { name: 'Apple M4 Max', vendor: 'apple', unifiedMemory: true },
      { name: 'Arc B580', vendor: 'intel', memoryTotalBytes: 12_288 * MIB, unifiedMemory: false },
    ]);
  });
});

describe('several sources', () => {
  it('are numbered through, and a source without figures keeps its numbers', () => {
    const gpu = { name: 'x', vendor: 'other', unifiedMemory: false } as const;
    let stopped = 0;
    const stop = () => (stopped += 1);
    const all = allGpus([
      { gpus: [gpu, gpu], read: () => [{ powerWatts: 1 }, { powerWatts: 2 }], stop },
      { gpus: [gpu], read: () => [], stop },
      { gpus: [gpu], read: () => [{ powerWatts: 3 }], stop },
    ]);
    expect(all.gpus.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(all.read()).toEqual([
      { index: 0, powerWatts: 1 },
      { index: 1, powerWatts: 2 },
      { index: 2 },
      { index: 3, powerWatts: 3 },
    ]);
    all.stop();
    expect(stopped).toBe(3);
  });
});
