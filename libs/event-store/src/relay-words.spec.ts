import { relayHealth, relayLine } from './relay-words.js';

const lagOf = (lag: Awaited<ReturnType<Parameters<typeof relayHealth>[0]['lag']>>) => ({
  lag: () => Promise.resolve(lag),
});

describe('the health of a relay', () => {
  it('is up while facts reach the bus within seconds', async () => {
    expect(await relayHealth(lagOf({ events: 3, seconds: 1, heldBy: undefined }))).toEqual({ state: 'up' });
  });
  it('is degraded, not down, when facts wait', async () => {
    expect(await relayHealth(lagOf({ events: 3, seconds: 7.2, heldBy: undefined }))).toEqual({
      state: 'degraded',
      words: '3 facts wait for the bus, the oldest for 7 s',
    });
  });
  it('names the session that holds everything back', async () => {
    const heldBy = { pid: 7, applicationName: 'psql', seconds: 4 };
    expect(await relayHealth(lagOf({ events: 0, seconds: 0, heldBy }))).toEqual({
      state: 'degraded',
      words: 'A transaction of psql (7) holds the facts back',
    });
  });
});

it('tells a notice with its particulars and its cause', () => {
  const error = new Error('gone');
  expect(relayLine({ notice: 'publish-failed', stream: 'FLEET', error })).toEqual({
    level: 'warn',
    line: { msg: 'A fact could not be published; it is tried again', stream: 'FLEET', err: error },
  });
  expect(relayLine({ notice: 'leading', token: 2 }).level).toBe('info');
});
