import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { fairShare, shardOf, SHARDS } from './shards.js';

describe('the shards of the fleet', () => {
  it('are found by the id of the node alone', () => {
    expect(shardOf('0f8fad5b-d9cb-469f-a165-70867728950e')).toBe(shardOf('0f8fad5b-d9cb-469f-a165-70867728950e'));
  });

  it('take about the same number of nodes each', () => {
    const counts = Array.from({ length: SHARDS }, () => 0);
    for (let node = 0; node < 64_000; node++) {
      const shard = shardOf(randomUUID());
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1_200);
  });

  it('are all held when every monitor holds its share', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), (monitors) => {
        expect(fairShare(monitors) * monitors).toBeGreaterThanOrEqual(SHARDS);
        expect((fairShare(monitors) - 1) * monitors).toBeLessThan(SHARDS);
      }),
    );
  });
});
