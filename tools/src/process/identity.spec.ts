import { identify, isRunning, parseStat } from './identity.js';

describe('the identity of a process', () => {
  it('is read from a line whose program name holds spaces and parentheses', () => {
    const fields = ['S', ...Array.from({ length: 18 }, (_, index) => String(index)), '123456', '99'];
    expect(parseStat(`42 (a) b (c d) ${fields.join(' ')}`)).toEqual({ state: 'S', startTicks: '123456' });
  });

  it('is unknown for a line that is cut short', () => {
    expect(parseStat('42 (node) S 1')).toBeUndefined();
  });

  it('holds for this process and not for one with the same number and another start', async () => {
    const own = await identify(process.pid);
    if (own === undefined) throw new Error('This process should be found');
    expect(await isRunning(own)).toBe(true);
    expect(await isRunning({ ...own, startedAt: 'another boot 1' })).toBe(false);
  });
});
