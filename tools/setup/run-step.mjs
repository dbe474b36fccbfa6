// @ts-check
import { spawn } from 'node:child_process';
import { SetUpProblem, say, showDuration } from './say.mjs';

const KEPT_LINES = 30;
const KILL_AFTER_MS = 5_000;
const REMINDER_MS = 30_000;

/**
 * Runs one long step quietly: a line when it starts, a reminder every half minute, a line with its time when it ends. A
 * failing step ends the command with the step's last lines. Ctrl-C, or the end of the terminal, ends the step with all that
 * it started, and rejects with exit code 130.
 * @param {{ title: string, file: string, args: string[], cwd: string, env: NodeJS.ProcessEnv, remedy: string }} step
 */
export async function runStep({ title, file, args, cwd, env, remedy }) {
  say(`${title} …`);
  const startedMs = performance.now();
  const elapsed = () => showDuration(performance.now() - startedMs);
  const reminder = setInterval(() => say(`  still at it after ${elapsed()}`), REMINDER_MS);
  /** @type {string[]} */
  const lines = [];

  // A group of its own, so that ending it ends whatever it started too.
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let interrupted = false;
  const stop = () => {
    if (interrupted) return;
    interrupted = true;
    signalGroup(child.pid, 'SIGTERM');
    setTimeout(() => signalGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS).unref();
  };
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of signals) process.on(signal, stop);
  for (const stream of [child.stdout, child.stderr]) keepLines(stream, lines);

  try {
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (interrupted) throw new SetUpProblem('Stopped during set-up. The next start goes on from here.', 130);
    if (code !== 0) {
      const tail = lines.map((line) => `    ${line}`).join('\n');
      throw new SetUpProblem(`${title}: failed after ${elapsed()} with exit code ${code}. ${remedy}\n${tail}`);
    }
    say(`  done in ${elapsed()}`);
  } catch (error) {
    if (error instanceof SetUpProblem) throw error;
    throw new SetUpProblem(`${title}: ${file} could not be run (${error instanceof Error ? error.message : error})`);
  } finally {
    clearInterval(reminder);
    for (const signal of signals) process.off(signal, stop);
  }
}

/** @param {number | undefined} pid @param {NodeJS.Signals} signal */
function signalGroup(pid, signal) {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** Keeps the last lines that a stream says, for the one time somebody needs them. @param {NodeJS.ReadableStream} stream @param {string[]} lines */
function keepLines(stream, lines) {
  let open = '';
  stream.setEncoding('utf8');
  stream.on('data', (/** @type {string} */ text) => {
    const parts = (open + text).split('\n');
    open = (parts.pop() ?? '').slice(-2_000);
    lines.push(...parts.filter((line) => line.trim() !== '').map((line) => line.slice(0, 400)));
    lines.splice(0, Math.max(0, lines.length - KEPT_LINES));
  });
}
