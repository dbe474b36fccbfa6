import { expiryWords, limitsWords, modelsWords, purposesWords } from './key-words.js';

const now = Date.parse('2026-11-23T12:00:00.000Z');

describe('words for API keys', () => {
  it('say what it is for, always in the same order', () => {
    expect(purposesWords(['fleet:read', 'inference'])).toBe('Inference, Read fleet');
  });

  it('name few models, and count many', () => {
    expect(modelsWords(undefined)).toBe('All models');
    expect(modelsWords(['qwen3', 'bge'])).toBe('qwen3, bge');
    expect(modelsWords(['a', 'b', 'c'])).toBe('3 models');
  });

  it('tell limits where there are some', () => {
    expect(limitsWords({})).toBeUndefined();
    expect(limitsWords({ concurrent: 4, tokensPerMinute: 200_000 })).toBe('4 at a time, 200,000 tokens/min');
  });

  it('tell how long it lasts, or since when not any more', () => {
    expect(expiryWords(undefined, now)).toBe('Never');
    expect(expiryWords('2027-02-11T12:00:00.000Z', now)).toBe('in 80 d');
    expect(expiryWords('2025-11-03T12:00:00.000Z', now)).toBe('3 Nov 2025');
  });
});
