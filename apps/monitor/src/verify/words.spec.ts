import { linkCauses, verifyStages } from '@muster/contracts';
import { failureWords, shortFingerprint, shortHardware } from './words.js';

const address = { host: 'gpu-04.lab', port: 8_022 };

describe('what a failed verification says', () => {
  it.each(verifyStages.flatMap((stage) => linkCauses.map((cause) => [stage, cause] as const)))(
    'at %s, %s: something, and what to do',
    (stage, cause) => {
      const { words, remedy } = failureWords(stage, cause, address);
      expect(words).not.toBe('');
      expect(remedy).toMatch(/\.$/);
    },
  );

  it('tells the stages of one cause apart', () => {
    const words = ['name', 'port', 'encrypted', 'key', 'hardware'] as const;
    expect(new Set(words.map((stage) => failureWords(stage, 'timed-out', address).words)).size).toBe(5);
  });

  it('tells what to do about a wrong key', () => {
    expect(failureWords('key', 'key-refused', address)).toEqual({
      words: 'Access key refused',
      remedy:
        "The key in Configuration differs from the key on the node. Copy it from the node's start-up line, or change it there.",
    });
  });
});

describe('what a passed stage shows in short', () => {
  it('is the ends of the fingerprint', () => {
    const fingerprint = ['5B', '1C', ...Array.from({ length: 28 }, () => '00'), 'E4', '90'].join(':');
    expect(shortFingerprint(fingerprint)).toBe('5B:1C:…:E4:90');
  });

  it('is the machine in one line, equal GPUs counted', () => {
    const gpu = {
      index: 0,
      name: 'NVIDIA A100',
      vendor: 'nvidia',
      memoryTotalBytes: 80 * 1024 ** 3,
      unifiedMemory: false,
    } as const;
    const hardware = {
      hostname: 'gpu-04',
      platform: 'linux',
      cpu: { model: 'AMD EPYC 7443P', cores: 24 },
      memoryTotalBytes: 128 * 1024 ** 3,
      gpus: [gpu, { ...gpu, index: 1 }],
    };
    expect(shortHardware(hardware)).toBe('AMD EPYC 7443P, 24 cores, 128 GiB, 2 × NVIDIA A100 80 GiB');
  });
});
