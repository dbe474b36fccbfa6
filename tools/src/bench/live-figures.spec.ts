import { liveFigures } from './live-figures.js';

const times = (ms: number, count = 100): number[] => Array.from({ length: count }, () => ms);
const round = (product: number, direct = 1) => ({ product: times(product), direct: times(direct) });

describe('the figures of samples on their way to a browser', () => {
  it('are taken over all rounds, with the worst round beside them', () => {
    const { product, direct, added } = liveFigures([round(10), round(12), round(15, 2)], 100);
    expect(product).toEqual({ p50: 12, p99: 15, worstP50: 15, worstP99: 15 });
    expect(direct).toMatchObject({ p50: 1, worstP50: 2 });
    expect(added).toEqual({ median: 11, worst: 13 });
  });

  it('reach their bars only when all three hold', () => {
    const verdict = (...rounds: { product: number[]; direct: number[] }[]) => liveFigures(rounds, 100).verdict;
    expect(verdict(round(20, 0))).toBe('reached');
    expect(verdict(round(21, 5))).toBe('missed');
    expect(verdict({ product: [...times(5, 97), ...times(251, 3)], direct: times(1) })).toBe('missed');
    expect(verdict(round(20, -1))).toBe('missed');
  });

  it('are none when too few samples came on either way', () => {
    const late = { product: times(1, 95), direct: times(1, 94) };
    expect(() => liveFigures([round(1), late], 100)).toThrow('95 came by the Gateway and 94 directly in round 2');
    expect(liveFigures([{ ...late, direct: times(1, 95) }], 100).verdict).toBe('reached');
  });
});
