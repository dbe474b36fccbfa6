import { END_BYTES, HOLD_BYTES, Pressure, STUCK_MS } from './pressure.js';

const flow = (queuedBytes: number, deliveredBytes = 0) => ({ queuedBytes, deliveredBytes });

describe('a socket that does not keep up', () => {
  it('gets no changes while too much waits, and is told once when it has drained', () => {
    const pressure = new Pressure(0);
    expect(pressure.judge(flow(HOLD_BYTES), 0)).toBe('flowing');
    expect(pressure.judge(flow(HOLD_BYTES + 1), 100)).toBe('held');
    expect(pressure.judge(flow(HOLD_BYTES / 2, 1), 200)).toBe('held');
    expect(pressure.judge(flow(0, 2), 300)).toBe('drained');
    expect(pressure.judge(flow(0, 2), 400)).toBe('flowing');
  });

  it('is closed when far too much waits', () => {
    expect(new Pressure(0).judge(flow(END_BYTES + 1), 0)).toBe('too-much');
  });

  it('is closed when nothing was delivered for ten seconds', () => {
    const pressure = new Pressure(0);
    pressure.judge(flow(10, 5), 0);
    expect(pressure.judge(flow(10, 5), STUCK_MS - 1)).toBe('flowing');
    expect(pressure.judge(flow(10, 5), STUCK_MS)).toBe('stuck');
  });

  it('is not stuck while it takes a little, or while nothing waits', () => {
    const pressure = new Pressure(0);
    pressure.judge(flow(10, 5), 0);
    pressure.judge(flow(10, 6), STUCK_MS - 1);
    expect(pressure.judge(flow(10, 6), STUCK_MS)).toBe('flowing');
    pressure.judge(flow(0, 6), STUCK_MS + 1);
    expect(pressure.judge(flow(10, 6), 2 * STUCK_MS)).toBe('flowing');
  });

  it('is not blamed for the size of the snapshot it asked for', () => {
    const pressure = new Pressure(0);
    pressure.snapshot(2 * END_BYTES);
    expect(pressure.judge(flow(2 * END_BYTES), 0)).toBe('flowing');
    expect(pressure.judge(flow(2 * END_BYTES + HOLD_BYTES + 1), 0)).toBe('held');
  });

  it('is blamed for changes once the snapshot is through', () => {
    const pressure = new Pressure(0);
    pressure.snapshot(END_BYTES);
    expect(pressure.judge(flow(0, END_BYTES), 0)).toBe('flowing');
    expect(pressure.judge(flow(HOLD_BYTES + 1, END_BYTES), 100)).toBe('held');
  });
});
