import { endsAtMs, hashOfToken, newToken, SESSION_MAX_AGE_MS, SESSION_MAX_IDLE_MS } from './session.js';

const openedAt = new Date('2026-11-23T12:00:00.000Z');
const after = (ms: number) => new Date(openedAt.getTime() + ms);

describe('a session', () => {
  it('ends seven days after its last use', () => {
    expect(endsAtMs({ openedAt, seenAt: openedAt })).toBe(after(SESSION_MAX_IDLE_MS).getTime());
  });
  it('ends thirty days after it was opened, however much it is used', () => {
    expect(endsAtMs({ openedAt, seenAt: after(SESSION_MAX_AGE_MS - 1) })).toBe(after(SESSION_MAX_AGE_MS).getTime());
  });
  it('has a token of 256 bits that is not what is stored', () => {
    const token = newToken();
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(newToken()).not.toBe(token);
    expect(hashOfToken(token)).toMatch(/^[0-9a-f]{64}$/);
  });
});
