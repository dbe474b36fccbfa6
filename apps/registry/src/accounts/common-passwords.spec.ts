import { isCommonPassword } from './common-passwords.js';

describe('a common password', () => {
  it.each(['password', 'PASSWORD', 'Password1', '12345678', 'qwertyuiop', 'ｐａｓｓｗｏｒｄ'])('is %s', (password) =>
    expect(isCommonPassword(password)).toBe(true),
  );
  it.each(['correct horse battery', 'only looking around', 'x8#kLm2!qz'])('is not %s', (password) =>
    expect(isCommonPassword(password)).toBe(false),
  );
});
