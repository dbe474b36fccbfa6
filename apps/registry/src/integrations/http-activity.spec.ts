import type { HttpReading } from '@muster/contracts';
import { HttpActivity } from './http-activity.js';

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const at = (seconds: number): string => new Date(Date.UTC(2026, 10, 23, 12, 0, seconds)).toISOString();
const integrationId = uuid(1);

const reading = (gateway: number, more: Partial<HttpReading> = {}): HttpReading => ({
  ...{ gateway: uuid(100 + gateway), integrationId, seenAt: at(gateway), open: 0, readers: [], troubles: [] },
  ...more,
});
const reader = (seconds: number) => ({
  ...{ address: '10.0.0.7', streams: ['FLEET' as const], position: 'F7', waiting: 3, since: at(seconds) },
});

describe('what integrations do over HTTP', () => {
  it('is known of those alone of whom a gateway has told', () => {
    const activity = new HttpActivity();
    activity.heard(reading(1), 0);
    expect(activity.of(uuid(2), 0)).toBeUndefined();
    expect(activity.seenAt(uuid(2))).toBeUndefined();
    expect(activity.troublesOf(uuid(2))).toEqual([]);
  });

  it('is what every gateway has told together: who came first stands first, and the newest call counts', () => {
    const activity = new HttpActivity();
    const call = { ...reader(0), at: at(5) };
    activity.heard(reading(1, { open: 1, readers: [reader(9)], lastCall: { ...call, at: at(7) } }), 0);
    activity.heard(reading(2, { open: 2, readers: [reader(3), reader(4)], lastCall: call }), 0);
    expect(activity.of(integrationId, 0)).toEqual({
      open: 3,
      readers: [reader(3), reader(4), reader(9)],
      lastCall: { ...call, at: at(7) },
    });
    expect(activity.seenAt(integrationId)).toBe(at(2));
  });

  it('is of each gateway what it told last', () => {
    const activity = new HttpActivity();
    activity.heard(reading(1, { open: 1, readers: [reader(1)] }), 0);
    activity.heard(reading(1, { seenAt: at(8) }), 100);
    expect(activity.of(integrationId, 100)).toEqual({ open: 0, readers: [] });
    expect(activity.seenAt(integrationId)).toBe(at(8));
  });

  it('counts nothing as open at a gateway that has been silent for 5 s, and keeps the rest for a day', () => {
    const activity = new HttpActivity();
    const troubles = [{ words: 'Refused', count: 2, at: at(1) }];
    activity.heard(reading(1, { open: 1, readers: [reader(1)], troubles }), 0);
    expect(activity.of(integrationId, 5_000)?.open).toBe(1);
    expect(activity.of(integrationId, 5_001)).toEqual({ open: 0, readers: [] });
    expect(activity.troublesOf(integrationId)).toEqual(troubles);
    activity.heard({ ...reading(2), integrationId: uuid(2) }, 24 * 60 * 60 * 1000 + 1);
    expect(activity.of(integrationId, 0)).toBeUndefined();
  });

  it('tells no more than twenty readers one by one, and says how many there are', () => {
    const activity = new HttpActivity();
    const readers = Array.from({ length: 20 }, (_, n) => reader(n));
    activity.heard(reading(1, { open: 20, readers }), 0);
    activity.heard(reading(2, { open: 20, readers }), 0);
    const http = activity.of(integrationId, 0);
    expect([http?.open, http?.readers.length]).toEqual([40, 20]);
  });

  it('is kept for a thousand at most: the one longest silent is forgotten', () => {
    const activity = new HttpActivity();
    for (let n = 0; n <= 1_000; n += 1) activity.heard({ ...reading(1), integrationId: uuid(n) }, n);
    expect(activity.of(uuid(0), 1_000)).toBeUndefined();
    expect(activity.of(uuid(1), 1_000)).toBeDefined();
  });

  it('adds up what each has refused, by kind and newest first', () => {
    const activity = new HttpActivity();
    activity.heard(reading(1, { troubles: [{ words: 'Too old', count: 2, at: at(9) }] }), 0);
    activity.heard(
      reading(2, {
        troubles: [
          { words: 'Too many', count: 1, at: at(12) },
          { words: 'Too old', count: 3, at: at(4) },
        ],
      }),
      0,
    );
    expect(activity.troublesOf(integrationId)).toEqual([
      { words: 'Too many', count: 1, at: at(12) },
      { words: 'Too old', count: 5, at: at(9) },
    ]);
  });
});
