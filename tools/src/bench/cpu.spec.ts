import { familyOf, parseUsage } from './cpu.js';

describe('what a process uses', () => {
  it('is read past a program name that holds spaces and parentheses', () => {
    const fields = ['S', '7', '1', '1', '0', '-1', '0', '0', '0', '0', '0', '250', '50', '9', '8'];
    expect(parseUsage(`42 (node (x) y) ${fields.join(' ')}`)).toEqual({
      pid: 42,
      parent: 7,
      ticks: 300,
      childrenTicks: 17,
    });
    expect(parseUsage('42 (node) S 7')).toBeUndefined();
  });

  it('includes all that it has started', () => {
    const process = (pid: number, parent: number) => ({ pid, parent, ticks: 1, childrenTicks: 0 });
    const all = [process(1, 0), process(2, 1), process(3, 2), process(4, 1), process(5, 0)];
    expect(familyOf(1, all).map(({ pid }) => pid)).toEqual([1, 2, 3, 4]);
    expect(familyOf(9, all)).toEqual([]);
  });
});
