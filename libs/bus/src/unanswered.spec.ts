import { Unanswered } from './unanswered.js';

describe('Unanswered', () => {
  it('gives each its own number and gives it back once', () => {
    const sent = new Unanswered<string>();
    const a = sent.add('a');
    const b = sent.add('b');
    expect(sent.take(b)).toBe('b');
    expect(sent.take(b)).toBeUndefined();
    expect(sent.take(a)).toBe('a');
    expect(sent.size).toBe(0);
  });

  it('knows nothing of a number that was never given', () => {
    const sent = new Unanswered<string>();
    sent.add('a');
    for (const number of [0, -1, 2, 1.5, Number.NaN]) expect(sent.take(number)).toBeUndefined();
    expect(sent.size).toBe(1);
  });

  it('never uses a number again, and finds each whatever was cleared away', () => {
    const sent = new Unanswered<number>();
    const numbers = new Map<number, number>();
    const used = new Set<number>();
    for (let turn = 0; turn < 5_000; turn += 1) {
      const number = sent.add(turn);
      expect(used.has(number)).toBe(false);
      used.add(number);
      numbers.set(number, turn);
      // Of those at hand the third is answered first, so that there are always some before it.
      if (numbers.size > 3) {
        const [answered = 0] = [...numbers.keys()].slice(turn % 3);
        expect(sent.take(answered)).toBe(numbers.get(answered));
        numbers.delete(answered);
      }
    }
    expect(sent.size).toBe(numbers.size);
    for (const [number, turn] of numbers) expect(sent.take(number)).toBe(turn);
  });

  it('takes the oldest that waited too long, and stops at the first that did not', () => {
    const sent = new Unanswered<number>();
    const numbers = [1, 2, 3, 9, 4].map((ms) => sent.add(ms));
    sent.take(numbers[1] ?? 0);
    expect(sent.takeWhile((ms) => ms < 5)).toEqual([1, 3]);
    expect(sent.size).toBe(2);
    expect(sent.takeWhile(() => true)).toEqual([9, 4]);
    expect(sent.takeWhile(() => true)).toEqual([]);
    expect(sent.size).toBe(0);
  });
});
