import { type Session, SESSION_TTL_MS, SessionCache } from './session-cache.js';

const account = { accountId: '00000000-0000-4000-8000-00000000000a', name: 'ada', permissions: [] };
const session = (n: number): Session => ({
  tokenHash: `hash-${n}`,
  sessionId: `session-${n}`,
  account,
  expiresAt: '2026-12-01T00:00:00.000Z',
});

describe('the cache of sessions', () => {
  it('believes an answer for a minute', () => {
    const cache = new SessionCache();
    cache.put(session(1), 0);
    expect(cache.get('hash-1', SESSION_TTL_MS - 1)).toEqual(session(1));
    expect(cache.get('hash-1', SESSION_TTL_MS)).toBeUndefined();
  });

  it('forgets a session the moment it ends', () => {
    const cache = new SessionCache();
    cache.put(session(1), 0);
    cache.put(session(2), 0);
    cache.end('session-1');
    expect(cache.get('hash-1', 1)).toBeUndefined();
    expect(cache.get('hash-2', 1)).toEqual(session(2));
  });

  it('does not take back a session whose answer was under way when it ended', () => {
    const cache = new SessionCache();
    cache.end('session-1');
    expect(cache.put(session(1), 5)).toBe(false);
    expect(cache.get('hash-1', 6)).toBeUndefined();
  });

  it('asks anew for every session of a changed account', () => {
    const cache = new SessionCache();
    cache.put(session(1), 0);
    cache.put({ ...session(2), account: { ...account, accountId: 'other' } }, 0);
    cache.forgetAccount(account.accountId);
    expect(cache.get('hash-1', 1)).toBeUndefined();
    expect(cache.get('hash-2', 1)).toBeDefined();
  });

  it('stays bounded and keeps those in use', () => {
    const cache = new SessionCache();
    for (let n = 0; n < 10_000; n++) cache.put(session(n), 0);
    cache.get('hash-0', 1);
    for (let n = 10_000; n < 10_100; n++) cache.put(session(n), 1);
    expect(cache.size).toBe(10_000);
    expect(cache.get('hash-0', 2)).toBeDefined();
    expect(cache.get('hash-1', 2)).toBeUndefined();
  });
});
