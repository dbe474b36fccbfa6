import { count, memory, memoryOf, offsetWords, percent, shortFingerprint, span, uptime } from './format.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const GIB = 1024 ** 3;

describe('words for figures', () => {
  it.each([
    [999, 'In step'],
    [-2_400, '2.4 s behind'],
    [61_000, '1 min ahead'],
    [-2 * DAY, '2 d behind'],
  ])('a clock that is %i ms ahead is %s', (ms, words) => expect(offsetWords(ms)).toBe(words));

  it.each([
    [-5, '0 s'],
    [42_900, '42 s'],
    [60_000, '1 min'],
    [3 * HOUR + 1, '3 h'],
    [6 * DAY, '6 d'],
  ])('a span of %i ms is %s', (ms, words) => expect(span(ms)).toBe(words));

  it.each([
    [0, '00:00:00'],
    [4 * HOUR + 12 * 60_000 + 37_000, '04:12:37'],
    [6 * DAY + 4 * HOUR + 12 * 60_000 + 37_999, '6 d 04:12:37'],
  ])('an uptime of %i ms is %s', (ms, words) => expect(uptime(ms)).toBe(words));

  it.each([
    [0, '0 B'],
    [1_536, '1.5 KiB'],
    [256 * GIB, '256 GiB'],
    [23.52 * GIB, '23.5 GiB'],
    [159.2 * GIB, '159 GiB'],
  ])('%d bytes are %s', (bytes, words) => expect(memory(bytes)).toBe(words));

  it('shows a part in the unit of its whole', () => {
    expect(memoryOf(123.4 * GIB, 256 * GIB)).toBe('123 of 256 GiB');
    expect(memoryOf(0.5 * GIB, 24 * GIB)).toBe('0.5 of 24 GiB');
  });

  it('rounds shares, shortens fingerprints and counts', () => {
    expect(percent(70.6)).toBe('71 %');
    expect(shortFingerprint('5B:1C:00:11:E4:90')).toBe('5B:1C:…:E4:90');
    expect([count(1, 'line'), count(10_000, 'line')]).toEqual(['1 line', '10,000 lines']);
  });
});
