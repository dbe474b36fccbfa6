import * as z from 'zod';

/** What we read of jest's own report (`--json`). */
export const JestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  /** Files that failed before any of their tests ran. */
  numRuntimeErrorTestSuites: z.number(),
  success: z.boolean(),
});
export type JestReport = z.infer<typeof JestReport>;

export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/**
 * What one run of jest counts for. A file that could not run counts as one failure, and so does a run that left no report;
 * a test that is skipped or only planned has not passed, so it counts as failed too.
 */
export function tallyOf(report: JestReport | undefined): Tally {
  if (report === undefined) return { passed: 0, failed: 1 };
  const failed =
    report.numFailedTests + report.numPendingTests + report.numTodoTests + report.numRuntimeErrorTestSuites;
  // Jest may fail as a whole with every test green, as when its teardown throws.
  return { passed: report.numPassedTests, failed: failed === 0 && !report.success ? 1 : failed };
}

export const sum = (tallies: readonly Tally[]): Tally => ({
  passed: tallies.reduce((all, { passed }) => all + passed, 0),
  failed: tallies.reduce((all, { failed }) => all + failed, 0),
});

/** The last line of `npm test`. */
export const lastLine = ({ passed, failed }: Tally): string => `${passed} passed, ${failed} failed`;

/** A run in which nothing ran proves nothing. */
export const exitCodeOf = ({ passed, failed }: Tally): number => (failed > 0 || passed === 0 ? 1 : 0);
