import { closeCookie, cookiePlan, hashOf, openCookie, tokenOf } from './session-cookie.js';

const token = 'a'.repeat(43);

describe('the session cookie', () => {
  it.each(['https://muster.lab', 'http://localhost:8000', 'http://127.0.0.1:8000', 'http://[::1]:8000'])(
    'is tied to its host and secure at %s',
    (url) => {
      expect(openCookie(cookiePlan(new URL(url)), token)).toBe(
        `__Host-muster-session=${token}; Max-Age=2592000; Path=/; HttpOnly; Secure; SameSite=Strict`,
      );
    },
  );

  it('works over plain HTTP elsewhere, under another name', () => {
    const cookie = openCookie(cookiePlan(new URL('http://gateway.lab:8000')), token);
    expect(cookie).toBe(`muster-session=${token}; Max-Age=2592000; Path=/; HttpOnly; SameSite=Strict`);
  });

  it('is taken away by the same name and path', () => {
    expect(closeCookie(cookiePlan(new URL('https://muster.lab')))).toBe(
      '__Host-muster-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict',
    );
  });

  it('is read among others, and only in its own form', () => {
    const plan = cookiePlan(new URL('https://muster.lab'));
    expect(tokenOf(plan, `theme=dark; __Host-muster-session=${token}; x=1`)).toBe(token);
    expect(tokenOf(plan, `muster-session=${token}`)).toBeUndefined();
    expect(tokenOf(plan, '__Host-muster-session=short')).toBeUndefined();
    expect(tokenOf(plan, undefined)).toBeUndefined();
  });

  it('is known to the registry by its hash alone', () => {
    expect(hashOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
