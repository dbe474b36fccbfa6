import { parseKeyFile } from './access-keys.js';

const key = 'k'.repeat(43);
const other = 'o'.repeat(43);

describe('a key file', () => {
  it('holds one key, or two during a rotation, with or without empty lines', () => {
    expect(parseKeyFile(`${key}\n`)).toEqual({ keys: [key] });
    expect(parseKeyFile(`\r\n ${key} \r\n\r\n${other}`)).toEqual({ keys: [key, other] });
  });

  it.each([
    ['', 'no access key'],
    [`${key}\n${other}\n${key}`, 'more than two'],
    ['password', 'no access key'],
    [`${key}x`, 'no access key'],
  ])('of %j is refused with its rule and none of its text', (text, words) => {
    const parsed = parseKeyFile(text);
    expect(parsed).toEqual({ problem: expect.stringContaining(words) as string });
    expect(JSON.stringify(parsed)).not.toContain('password');
  });
});
