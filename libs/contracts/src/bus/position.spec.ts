import { lifeOf, type Position, ReadFrom, readPosition, showPosition } from './position.js';

const everywhere: Position = {
  FLEET: { at: 17 },
  ACCESS: { at: 40 },
  HEALTH: { at: 0 },
  REQUESTS: { at: 9, life: lifeOf('2026-11-23T12:00:00.123456789Z') },
};

describe('a position', () => {
  it('is one word with a part for each stream, and is read back as it was', () => {
    expect(showPosition(everywhere)).toMatch(/^F17\.A40\.H0\.R9-[0-9a-z]+$/);
    expect(readPosition(showPosition(everywhere))).toEqual(everywhere);
    expect(readPosition('H3')).toEqual({ HEALTH: { at: 3 } });
  });

  it('tells one making of a stream from another', () =>
    expect(lifeOf('2026-11-23T12:00:00.123Z')).not.toBe(lifeOf('2026-11-23T12:00:00.124Z')));

  it.each(['', 'F', 'F-1', 'F01', 'F1.F2', 'F1.', 'X1', 'R9', 'F1-abc', 'F1 ', 'f1', 'F1e9', 'F9999999999999999'])(
    'is not %j',
    (text) => expect(readPosition(text)).toBeUndefined(),
  );

  it('may also be asked for as now, or as the beginning', () => {
    for (const text of ['now', 'start', '0', 'F1.A2']) expect(ReadFrom.safeParse(text).success).toBe(true);
    for (const text of ['1', 'NOW', 'latest', 'F1,A2', `F1${'.A2'.repeat(60)}`])
      expect(ReadFrom.safeParse(text).success).toBe(false);
  });
});
