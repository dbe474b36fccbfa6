import { firstCode } from './first-code.js';

describe('the one-time code', () => {
  it('is two groups of four that are easy to type', () => {
    expect(firstCode(Uint8Array.from([0, 1, 2, 3, 28, 29, 30, 31]))).toBe('0123-WXYZ');
  });

  it('uses every byte whole: 256 is a multiple of the alphabet, so no letter is likelier', () => {
    const counts = new Map<string, number>();
    for (let byte = 0; byte < 256; byte += 1) {
      const letter = firstCode(new Uint8Array(8).fill(byte)).charAt(0);
      counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect(counts.size).toBe(32);
    expect(new Set(counts.values())).toEqual(new Set([8]));
  });
});
