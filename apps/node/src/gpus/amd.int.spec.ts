import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { amdGpus } from './amd.js';

/** The tree that the kernel shows below /sys/class/drm, with a folder for each device. */
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'muster-drm-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function card(name: string, pciAddress: string, files: Record<string, string>): void {
  const device = join(root, 'devices', pciAddress);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(device, file, '..'), { recursive: true });
    writeFileSync(join(device, file), `${text}\n`);
  }
  mkdirSync(join(root, 'drm', name), { recursive: true });
  symlinkSync(device, join(root, 'drm', name, 'device'));
}
const found = () => amdGpus((address) => (address === '03:00.0' ? 'Radeon RX 7900 XTX' : undefined), join(root, 'drm'));

describe('the AMD processors of a machine', () => {
  it('are its amdgpu cards in order, with their names and figures', () => {
    card('card1', '0000:03:00.0', {
      vendor: '0x1002',
      mem_info_vram_total: '25753026560',
      mem_info_vram_used: '1048576',
      gpu_busy_percent: '12',
      'hwmon/hwmon4/temp1_input': '45000',
      'hwmon/hwmon4/power1_average': '31000000',
    });
    card('card2', '0000:0b:00.0', { vendor: '0x1002', mem_info_vram_total: '1', product_name: 'Instinct MI210' });
    card('card0', '0000:00:02.0', { vendor: '0x8086' });
    mkdirSync(join(root, 'drm', 'card1-DP-1'));
    const source = found();
    expect(source?.gpus.map(({ name }) => name)).toEqual(['Radeon RX 7900 XTX', 'Instinct MI210']);
    expect(source?.read()).toEqual([
      {
        utilisationPercent: 12,
        memoryUsedBytes: 1_048_576,
        memoryTotalBytes: 25_753_026_560,
        temperatureCelsius: 45,
        powerWatts: 31,
      },
      { memoryTotalBytes: 1 },
    ]);
  });

  it('are none where there is no card, or no folder at all', () => {
    expect(found()).toBeUndefined();
    card('card0', '0000:00:02.0', { vendor: '0x8086' });
    expect(found()).toBeUndefined();
  });
});
