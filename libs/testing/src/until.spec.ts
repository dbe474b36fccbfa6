import { until } from './until.js';

describe('until', () => {
  it('returns what was read when it holds', async () => {
    let looks = 0;
    const seen = await until(
      () => (looks += 1),
      (value) => value === 3,
      { everyMs: 1 },
    );
    expect(seen).toBe(3);
  });

  it('takes a read that throws for one that does not hold yet', async () => {
    let looks = 0;
    const read = () => {
      looks += 1;
      if (looks < 3) throw new Error('not there');
      return 'there';
    };
    expect(await until(read, undefined, { everyMs: 1 })).toBe('there');
  });

  it('tells the last value seen when the time is over', async () => {
    const waiting = until(
      () => ({ colour: 'red' }),
      ({ colour }) => colour === 'green',
      { withinMs: 20, everyMs: 1 },
    );
    await expect(waiting).rejects.toThrow("last seen: { colour: 'red' }");
  });

  it('keeps the last error as the cause when the time is over', async () => {
    const failing = () => {
      throw new Error('no route');
    };
    await expect(until(failing, undefined, { withinMs: 20, everyMs: 1 })).rejects.toMatchObject({
      cause: { message: 'no route' },
    });
  });
});
