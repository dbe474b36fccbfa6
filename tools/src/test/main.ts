import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromiumProgram } from '../programs/chromium.js';
import { natsServerProgram } from '../programs/nats-server.js';
import { prometheusPrograms } from '../programs/prometheus.js';
import { stopRunning } from '../programs/run.js';
import { CannotGoOn, say } from '../terminal.js';
import { endLeftovers, RUN_MARK } from './leftovers.js';
import { HELP, type JestRun, parseAsked, runsFor } from './runs.js';
import { exitCodeOf, JestReport, lastLine, sum, type Tally, tallyOf } from './tally.js';

// The life of `npm test`: fetch what the tests need, run them, add up, leave nothing behind.
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../..');
const INTERRUPTED = 130;
/** How long jest may take to end after its report. */
const END_WITHIN_MS = 15_000;

const mark = randomUUID();
let current: ChildProcess | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void interrupt());
process.once('disconnect', () => void interrupt());
const exitCode = await main();
// The channel to whoever started this would hold the process, and the last line has been said.
process.exit(exitCode);

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    say(HELP);
    return 0;
  }
  const runs = runsFor(parseAsked(args), availableParallelism());
  const tallies: Tally[] = [];
  try {
    const programs = await programsFor(runs);
    for (const run of runs) tallies.push(await runJest(run, programs));
  } catch (error) {
    if (!(error instanceof CannotGoOn)) throw error;
    say(error.message);
    tallies.push(tallyOf(undefined));
  }
  const left = await endLeftovers(mark);
  if (left.length > 0) say(`\nEnded what a test had left running:\n  ${left.join('\n  ')}`);
  const tally = sum(tallies);
  say(`\n${lastLine(tally)}`);
  return exitCodeOf(tally);
}

async function programsFor(runs: readonly JestRun[]): Promise<NodeJS.ProcessEnv> {
  // Beside other tools' caches: a clone may come and go, the program stays.
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'muster');
  const prometheus = runs.some((run) => run.needsPrometheus) ? await prometheusPrograms(cache) : undefined;
  return {
    ...(prometheus && { PROMETHEUS_BIN: prometheus.prometheus, PROMTOOL_BIN: prometheus.promtool }),
    ...(runs.some(({ needsNats }) => needsNats) && { NATS_SERVER_BIN: await natsServerProgram(cache) }),
    ...(runs.some(({ needsChromium }) => needsChromium) && { CHROMIUM_BIN: await chromiumProgram() }),
  };
}

async function runJest(run: JestRun, programs: NodeJS.ProcessEnv): Promise<Tally> {
  say(`\n${run.title}`);
  const folder = await mkdtemp(join(tmpdir(), 'muster-report-'));
  const report = join(folder, 'report.json');
  try {
    current = spawn(
      process.execPath,
      [
        ...(run.vmModules ? ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'] : []),
        join(root, 'node_modules/jest/bin/jest.js'),
        ...run.args,
        ...['--passWithNoTests', '--json', `--outputFile=${report}`, `--maxWorkers=${run.workers}`, '--ci'],
      ],
      {
        cwd: root,
        env: { ...process.env, ...programs, [RUN_MARK]: mark, FORCE_COLOR: process.stdout.isTTY ? '1' : '0' },
        // With --json the report would go to stdout too; what people read goes to stderr.
        stdio: ['ignore', 'ignore', 'inherit'],
        detached: true,
      },
    );
    await Promise.race([once(current, 'exit'), neverEnds(report)]);
    return tallyOf(await readReport(report));
  } finally {
    current = undefined;
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Jest writes its report and then ends, unless a test has left something open. Then its results count all the same, and what
 * is left is ended and named with the other leftovers.
 */
async function neverEnds(report: string): Promise<void> {
  while (!existsSync(report)) await sleep(500, undefined, { ref: false });
  await sleep(END_WITHIN_MS, undefined, { ref: false });
}

async function readReport(path: string): Promise<JestReport | undefined> {
  try {
    return JestReport.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

async function interrupt(): Promise<void> {
  stopRunning();
  current?.kill('SIGTERM');
  await endLeftovers(mark);
  say('\nStopped before the end.');
  process.exit(INTERRUPTED);
}
