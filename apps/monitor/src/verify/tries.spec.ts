import { Tries } from './tries.js';

describe('the tries of a caller', () => {
  it('are ten in any minute, each caller for itself', () => {
    const tries = new Tries();
    for (let turn = 0; turn < 10; turn++) tries.take('ann', 10, turn * 1_000);
    expect(() => tries.take('ann', 10, 10_000)).toThrow(
      expect.objectContaining({ code: 'too-many-tries', detail: { retryAfterMs: 50_000 } }),
    );
    expect(() => tries.take('ben', 10, 10_000)).not.toThrow();
  });

  it('come back one by one, and a refused try costs nothing', () => {
    const tries = new Tries();
    for (let turn = 0; turn < 10; turn++) tries.take('ann', 10, turn * 1_000);
    for (let turn = 0; turn < 100; turn++) expect(() => tries.take('ann', 10, 30_000)).toThrow();
    expect(() => tries.take('ann', 10, 60_000)).not.toThrow();
    expect(() => tries.take('ann', 10, 60_000)).toThrow();
  });
});
