import { MOST_TROUBLES, Troubles, troublesTogether } from './troubles.js';

const at = (minutes: number): string => new Date(Date.UTC(2026, 10, 23, 12, minutes)).toISOString();

describe('what was refused to an outsider', () => {
  it('is counted by kind, newest first, and the first of a kind is told apart', () => {
    const troubles = new Troubles();
    expect(troubles.note('desk', 'Too many', at(0))).toBe(true);
    expect(troubles.note('desk', 'Too old', at(1))).toBe(true);
    expect(troubles.note('desk', 'Too many', at(2))).toBe(false);
    expect(troubles.of('desk', at(3))).toEqual([
      { words: 'Too many', count: 2, at: at(2) },
      { words: 'Too old', count: 1, at: at(1) },
    ]);
    expect(troubles.of('other', at(3))).toEqual([]);
  });

  it('is forgotten after a day', () => {
    const troubles = new Troubles();
    troubles.note('desk', 'Too many', at(0));
    expect(troubles.of('desk', at(24 * 60 - 1))).toHaveLength(1);
    expect(troubles.of('desk', at(24 * 60))).toEqual([]);
  });

  it('is remembered within a bound, by kind and by outsider', () => {
    const troubles = new Troubles();
    for (let n = 0; n <= MOST_TROUBLES; n += 1) troubles.note('desk', `kind ${n}`, at(n));
    expect(troubles.of('desk', at(60)).map(({ words }) => words)).not.toContain('kind 0');
    expect(troubles.of('desk', at(60))).toHaveLength(MOST_TROUBLES);
    for (let n = 0; n < 200; n += 1) troubles.note(`outsider ${n}`, 'Too many', at(1));
    expect(troubles.of('desk', at(60))).toEqual([]);
  });

  it('is one list of what several have told, within the same bound', () => {
    const told = [...Array(MOST_TROUBLES + 1).keys()].map((n) => ({ words: `kind ${n}`, count: 1, at: at(n) }));
    const together = troublesTogether([told.slice(0, 9), told.slice(8)]);
    expect(together).toHaveLength(MOST_TROUBLES);
    expect(together.find(({ words }) => words === 'kind 8')?.count).toBe(2);
    expect(together[0]?.words).toBe(`kind ${MOST_TROUBLES}`);
  });
});
