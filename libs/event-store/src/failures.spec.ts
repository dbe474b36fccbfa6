import { Outage } from '@muster/contracts';
import { isOutage, isRace, onDatabase } from './failures.js';

const withCode = (code: string) => Object.assign(new Error('from the server'), { code });

describe('a failure of the database', () => {
  it.each(['08006', '53300', '57P01', '57014', '55P03', '25P03', 'ECONNREFUSED', 'ECONNRESET'])(
    'with %s is an outage: the same call may succeed later',
    (code) => expect(isOutage(withCode(code))).toBe(true),
  );

  it.each(['23505', '42P01', '22P02', '40001', 'MU001'])('with %s is none', (code) =>
    expect(isOutage(withCode(code))).toBe(false),
  );

  it.each([
    'timeout exceeded when trying to connect',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Query read timeout',
  ])('that says "%s" is an outage', (words) => expect(isOutage(new Error(words))).toBe(true));

  it('is known through what wraps it', () =>
    expect(isOutage(Object.assign(new Error('query failed'), { driverError: withCode('57P01') }))).toBe(true));

  it.each(['40001', '40P01'])('with %s is a race: the same call may succeed at once', (code) =>
    expect(isRace(withCode(code))).toBe(true),
  );

  it('becomes an Outage that keeps its cause, and everything else stays what it is', async () => {
    const away = withCode('57P01');
    await expect(onDatabase(() => Promise.reject(away))).rejects.toMatchObject({ name: 'Outage', cause: away });
    const wrong = withCode('42P01');
    await expect(onDatabase(() => Promise.reject(wrong))).rejects.toBe(wrong);
    const outage = new Outage('bus', 'gone');
    await expect(onDatabase(() => Promise.reject(outage))).rejects.toBe(outage);
  });
});
