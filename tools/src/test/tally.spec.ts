import { exitCodeOf, lastLine, sum, tallyOf } from './tally.js';

const report = {
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
  success: true,
};

describe('the last line of the tests', () => {
  it('adds up all runs', () => {
    const tally = sum([tallyOf(report), tallyOf({ ...report, numPassedTests: 4 })]);
    expect(lastLine(tally)).toBe('7 passed, 0 failed');
    expect(exitCodeOf(tally)).toBe(0);
  });

  it('fails when a test failed, was skipped, or is only planned', () => {
    for (const wrong of [{ numFailedTests: 1 }, { numPendingTests: 1 }, { numTodoTests: 1 }]) {
      const tally = tallyOf({ ...report, ...wrong });
      expect(lastLine(tally)).toBe('3 passed, 1 failed');
      expect(exitCodeOf(tally)).toBe(1);
    }
  });

  it('counts a file that could not run, and a run without a report, as failures', () => {
    expect(tallyOf({ ...report, numRuntimeErrorTestSuites: 2, success: false })).toEqual({ passed: 3, failed: 2 });
    expect(tallyOf(undefined)).toEqual({ passed: 0, failed: 1 });
  });

  it('fails when jest fails as a whole although every test is green', () => {
    expect(tallyOf({ ...report, success: false })).toEqual({ passed: 3, failed: 1 });
  });

  it('fails when nothing ran', () => {
    expect(exitCodeOf(sum([]))).toBe(1);
    expect(lastLine(sum([]))).toBe('0 passed, 0 failed');
  });
});
