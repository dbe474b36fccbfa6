/** Three speeds of test, told apart by the name of the file. */
export const speeds = ['unit', 'int', 'e2e'] as const;
export type Speed = (typeof speeds)[number];

/** What somebody asked for on the command line. */
export interface Asked {
  readonly speeds: readonly Speed[];
  readonly patterns: readonly string[];
}

/** One run of jest. */
export interface JestRun {
  readonly title: string;
  readonly args: readonly string[];
  /** How many files at once. */
  readonly workers: number;
  /** Nest needs it; Angular's jest breaks with it. */
  readonly vmModules: boolean;
  readonly needsNats: boolean;
  readonly needsChromium: boolean;
  readonly needsPrometheus: boolean;
}

export const HELP = `Runs the tests and ends with the line "N passed, N failed".

  npm test                      all of them
  npm test -- unit              only unit, int or e2e (several may be named)
  npm test -- int event-store   only files whose path holds the pattern, a regular expression as jest takes it
`;

const isSpeed = (word: string): word is Speed => speeds.some((speed) => speed === word);

/** Which speeds and which files; all speeds unless some are named. */
export function parseAsked(args: readonly string[]): Asked {
  const named = speeds.filter((speed) => args.includes(speed));
  return { speeds: named.length === 0 ? speeds : named, patterns: args.filter((word) => !isSpeed(word)) };
}

/**
 * The runs of jest for what was asked. Unit and integration tests of the Node workspaces share one run, so that a wrong file
 * shows after seconds and the database starts once; the web and the browser tests have theirs.
 */
export function runsFor({ speeds: wanted, patterns }: Asked, cores: number): JestRun[] {
  const unit = wanted.includes('unit');
  const int = wanted.includes('int');
  const runs: JestRun[] = [];
  // A worker holds some hundred megabytes, and the servers under test want a core too.
  const needsNothing = { needsNats: false, needsChromium: false, needsPrometheus: false };
  const common = { workers: Math.max(1, Math.min(4, cores)), vmModules: true, ...needsNothing };
  if (unit || int) {
    const title = unit && int ? 'Unit and integration tests' : unit ? 'Unit tests' : 'Integration tests';
    const only = unit && int ? [] : unit ? ['--testPathIgnorePatterns', '\\.int\\.spec\\.ts$'] : [];
    const files = !unit && int ? [intPattern(patterns)] : [...patterns];
    runs.push({
      ...common,
      title,
      args: [...files, '--config=jest.config.mjs', ...only],
      needsNats: int,
      needsPrometheus: int,
    });
  }
  if (unit)
    runs.push({
      ...common,
      title: 'Web unit tests',
      args: [...patterns, '--config=apps/web/jest.config.mjs'],
      vmModules: false,
    });
  if (wanted.includes('e2e')) {
    // One at a time: each has the whole system and a browser, and measures how fast it reacts.
    const args = [...patterns, '--config=apps/web-e2e/jest.config.mjs'];
    const needs = { needsNats: true, needsChromium: true, needsPrometheus: true };
    runs.push({ ...common, title: 'Browser tests', args, workers: 1, ...needs });
  }
  return runs;
}

/** Files of integration tests whose path holds one of the patterns. */
const intPattern = (patterns: readonly string[]): string =>
  patterns.length === 0 ? '\\.int\\.spec\\.ts$' : `(${patterns.join('|')}).*\\.int\\.spec\\.ts$`;
