import { parseAsked, runsFor } from './runs.js';

const titles = (...args: string[]) => runsFor(parseAsked(args), 2).map(({ title }) => title);

describe('what npm test runs', () => {
  it('is everything when nothing is named', () => {
    expect(titles()).toEqual(['Unit and integration tests', 'Web unit tests', 'Browser tests']);
  });

  it('is what is named', () => {
    expect(titles('unit')).toEqual(['Unit tests', 'Web unit tests']);
    expect(titles('int')).toEqual(['Integration tests']);
    expect(titles('e2e')).toEqual(['Browser tests']);
    expect(titles('e2e', 'unit')).toEqual(['Unit tests', 'Web unit tests', 'Browser tests']);
  });

  it('takes other words as patterns of files', () => {
    expect(parseAsked(['int', 'event-store'])).toEqual({ speeds: ['int'], patterns: ['event-store'] });
    const [run] = runsFor(parseAsked(['int', 'event-store']), 2);
    const pattern = new RegExp(run?.args[0] ?? '');
    expect(pattern.test('/clone/libs/event-store/src/store.int.spec.ts')).toBe(true);
    expect(pattern.test('/clone/libs/event-store/src/store.spec.ts')).toBe(false);
    expect(pattern.test('/clone/libs/bus/src/bus.int.spec.ts')).toBe(false);
  });

  it('fetches a browser only for browser tests and NATS only for tests that use it', () => {
    const needs = (...args: string[]) =>
      runsFor(parseAsked(args), 2).map(({ needsNats, needsChromium }) => [needsNats, needsChromium]);
    expect(needs('unit')).toEqual([
      [false, false],
      [false, false],
    ]);
    expect(needs('int')).toEqual([[true, false]]);
    expect(needs('e2e')).toEqual([[true, true]]);
  });

  it('runs a file per core, at most four, and browser tests one after another', () => {
    const workers = (cores: number) => runsFor(parseAsked([]), cores).map((run) => run.workers);
    expect(workers(1)).toEqual([1, 1, 1]);
    expect(workers(2)).toEqual([2, 2, 1]);
    expect(workers(32)).toEqual([4, 4, 1]);
  });

  it('keeps the module flag away from the web, whose jest breaks with it', () => {
    expect(runsFor(parseAsked([]), 2).map(({ vmModules }) => vmModules)).toEqual([true, false, true]);
  });
});
