import { ApiKeyText, prefixOfKey } from '@muster/contracts';
import { hashOfKey, JustMade, newApiKey } from './key-text.js';

describe('a key', () => {
  it('is 256 random bits behind a mark that tells what it is', () => {
    const [one, other] = [newApiKey(), newApiKey()];
    expect(ApiKeyText.safeParse(one).success).toBe(true);
    expect(one).not.toBe(other);
    expect(Buffer.from(one.slice(4), 'base64url')).toHaveLength(32);
    expect(one.startsWith(prefixOfKey(one))).toBe(true);
    expect(prefixOfKey(one)).toHaveLength(10);
  });

  it('is stored as its SHA-256', () => {
    expect(hashOfKey('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('keys that were just made', () => {
  it('are given to the same order for two minutes', () => {
    const made = new JustMade();
    made.keep('order', 'key', 0);
    expect(made.get('order', 119_999)).toBe('key');
    expect(made.get('order', 120_000)).toBeUndefined();
    expect(made.get('another', 0)).toBeUndefined();
  });

  it('are a hundred at most, and then the oldest is forgotten', () => {
    const made = new JustMade();
    for (let n = 0; n <= 100; n++) made.keep(`order-${n}`, `key-${n}`, n);
    expect(made.get('order-0', 101)).toBeUndefined();
    expect(made.get('order-1', 101)).toBe('key-1');
    expect(made.get('order-100', 101)).toBe('key-100');
  });
});
