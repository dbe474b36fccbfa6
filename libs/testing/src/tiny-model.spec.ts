import { createHash } from 'node:crypto';
import { tinyModel } from './tiny-model.js';

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('a tiny model', () => {
  it('is a GGUF file of less than half a megabyte', () => {
    const bytes = tinyModel();
    expect(bytes.subarray(0, 4).toString()).toBe('GGUF');
    expect(bytes.readUInt32LE(4)).toBe(3);
    expect(bytes.length).toBeLessThan(500_000);
  });

  it('is the same for the same seed and another for another', () => {
    expect(digest(tinyModel({ seed: 7 }))).toBe(digest(tinyModel({ seed: 7 })));
    expect(digest(tinyModel({ seed: 7 }))).not.toBe(digest(tinyModel({ seed: 8 })));
  });

  it('is an embedding model when asked for', () => {
    expect(tinyModel({ kind: 'embedding' }).includes('bert.pooling_type')).toBe(true);
    expect(tinyModel().includes('bert')).toBe(false);
  });
});
