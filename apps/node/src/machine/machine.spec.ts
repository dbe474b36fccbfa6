import fc from 'fast-check';
import { cpuPercentBetween, parseProcStat } from './cpu.js';
import { parseMeminfo } from './memory.js';

describe('the processor', () => {
  it('is read from the first line of /proc/stat', () => {
    expect(parseProcStat('cpu  100 5 50 800 20 1 4 20 7 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n')).toEqual({
      busy: 180,
      idle: 820,
    });
    expect(parseProcStat('intr 1 2 3')).toBeUndefined();
  });

  it('is as busy as the share of time that was not idle', () => {
    expect(cpuPercentBetween({ busy: 100, idle: 900 }, { busy: 150, idle: 950 })).toBe(50);
    expect(cpuPercentBetween({ busy: 100, idle: 900 }, { busy: 100, idle: 1_000 })).toBe(0);
    expect(cpuPercentBetween({ busy: 1, idle: 1 }, { busy: 1, idle: 1 })).toBeUndefined();
  });

  it('is never busier than 100 % nor less than 0 %, even when a counter goes backwards', () => {
    const times = fc.record({ busy: fc.nat(), idle: fc.nat() });
    fc.assert(
      fc.property(times, times, (before, after) => {
        const percent = cpuPercentBetween(before, after) ?? 0;
        return percent >= 0 && percent <= 100;
      }),
    );
  });
});

describe('the memory', () => {
  it('is used where no program could get it', () => {
    const text = 'MemTotal:       24683656 kB\nMemFree:          100 kB\nMemAvailable:   23808400 kB\n';
    expect(parseMeminfo(text)).toEqual({ totalBytes: 24_683_656 * 1024, usedBytes: (24_683_656 - 23_808_400) * 1024 });
  });

  it('is not known where the kernel does not say', () => {
    expect(parseMeminfo('MemTotal: 1 kB')).toBeUndefined();
  });
});
