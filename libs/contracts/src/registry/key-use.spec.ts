import { apiKeyOf, KeyUses } from './key-use.js';

const key = `msk_${'aB3-_'.repeat(9).slice(0, 43)}`;

describe('the key of a request', () => {
  it.each([
    [{ authorization: `Bearer ${key}` }],
    [{ authorization: `bearer  ${key}` }],
    [{ authorization: `ApiKey ${key}` }],
    [{ 'x-api-key': key }],
    [{ authorization: 'Basic YTpi', 'x-api-key': key }],
    [{ authorization: 'Bearer of-somebody-else', 'x-api-key': key }],
  ])('is found in %j', (headers) => {
    expect(apiKeyOf(headers)).toBe(key);
  });

  it.each([
    [{}],
    [{ authorization: key }],
    [{ authorization: `Basic ${key}` }],
    [{ authorization: 'Bearer none' }],
    [{ authorization: `Bearer ${key}x` }],
    [{ authorization: `Bearer ${key} ${key}` }],
    [{ 'x-api-key': `${key},${key}` }],
    [{ 'x-api-key': [key] }],
    [{ cookie: `authorization=Bearer ${key}` }],
  ])('is none in %j', (headers) => {
    expect(apiKeyOf(headers)).toBeUndefined();
  });

  it('is that of Authorization when there are two', () => {
    const other = `msk_${'z'.repeat(43)}`;
    expect(apiKeyOf({ authorization: `Bearer ${key}`, 'x-api-key': other })).toBe(key);
  });
});

describe('the uses of keys', () => {
  it('are told once a minute for each key', () => {
    const uses = new KeyUses();
    expect(uses.note('a', 0)).toBe(true);
    expect(uses.note('a', 59_999)).toBe(false);
    expect(uses.note('b', 59_999)).toBe(true);
    expect(uses.note('a', 60_000)).toBe(true);
  });

  it('are remembered within a bound', () => {
    const uses = new KeyUses();
    for (let n = 0; n <= 10_000; n++) uses.note(`key-${n}`, 0);
    expect(uses.note('key-1', 1)).toBe(false);
    expect(uses.note('key-0', 1)).toBe(true);
  });
});
