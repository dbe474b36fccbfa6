import { EventRate } from './event-rate.js';

const take = (rate: EventRate, times: number, nowMs: number) =>
  Array.from({ length: times }, () => rate.take(nowMs)).filter((verdict) => verdict === 'granted').length;

describe('the rate of events', () => {
  it('allows a burst and then so many a second', () => {
    const rate = new EventRate(0);
    expect(take(rate, 60, 0)).toBe(50);
    expect(take(rate, 60, 1_000)).toBe(20);
    expect(take(rate, 100, 60_000)).toBe(50);
  });

  it('takes a socket that goes on regardless for a flood', () => {
    const rate = new EventRate(0);
    take(rate, 250, 0);
    expect(rate.take(0)).toBe('flooding');
    expect(rate.take(1_000)).toBe('granted');
  });
});
