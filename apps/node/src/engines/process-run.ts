import { type ChildProcess, spawn } from 'node:child_process';
import { errorCode } from '../error-code.js';
import type { Exit } from './engine.js';
import { readLines } from './lines.js';

/** Which run a process belongs to, for who looks for what an earlier life of the node left behind. */
export const RUN_VARIABLE = 'MUSTER_EXECUTOR_RUN';

export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly runId: string;
  readonly cwd?: string;
  /** In place of the node's own environment, without its secrets either way. */
  readonly env?: NodeJS.ProcessEnv;
  /** With a channel for messages, which ends when this process does. */
  readonly channel?: boolean;
  readonly onLine: (text: string) => void;
  /** A line that has no end yet, each time it grows. */
  readonly onRest?: (unfinished: string) => void;
}

/** A process in a group of its own: what it starts in turn ends with it. */
export interface ProcessRun {
  readonly child: ChildProcess;
  readonly pid: number | undefined;
  /** Settles once the process has ended, its group has been killed and its last line was read. Never rejects. */
  readonly exited: Promise<Exit>;
  /** Sends a signal to the whole group; nothing when it has ended. */
  signal(signal: NodeJS.Signals): void;
  /** `ask` it to end, once; kills the group after `graceMs`. The shortest grace of several calls wins. */
  stop(graceMs: number, ask: () => void): Promise<void>;
}

/** Starts a process. A program that can not be started shows in `exited`. */
export function startProcess(options: ProcessOptions): ProcessRun {
  const child = spawn(options.command, options.args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...environmentWithoutSecrets(options.env ?? process.env), [RUN_VARIABLE]: options.runId },
    detached: true,
    stdio: options.channel === true ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  });
  for (const from of ['stdout', 'stderr'] as const) {
    const stream = child[from];
    if (stream !== null) readLines(stream, options.onLine, options.onRest);
  }
  const { pid } = child;
  const signal = (name: NodeJS.Signals): void => {
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch (error) {
      if (errorCode(error) !== 'ESRCH') throw error;
    }
  };
  let ended = false;
  const exited = new Promise<Exit>((resolve) => {
    child.once('error', (error) => {
      // The same event tells of a message that could not be sent: the end of the channel, and no end of the process.
      if (pid !== undefined) return;
      ended = true;
      resolve({ code: null, signal: null, words: couldNotStart(options.command, error) });
    });
    child.once('exit', () => {
      ended = true;
      // Before anybody can be given this number anew: whatever it left behind in its group.
      signal('SIGKILL');
    });
    child.once('close', (code, name) => {
      if (pid !== undefined) resolve({ code, signal: name });
    });
  });

  let asked = false;
  let killAt = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  return {
    child,
    pid,
    exited,
    signal: (name) => {
      if (!ended) signal(name);
    },
    stop: async (graceMs, ask) => {
      if (!ended && performance.now() + graceMs < killAt) {
        killAt = performance.now() + graceMs;
        clearTimeout(timer);
        timer = setTimeout(() => {
          if (!ended) signal('SIGKILL');
        }, graceMs);
      }
      if (!ended && !asked) {
        asked = true;
        ask();
      }
      await exited;
      clearTimeout(timer);
    },
  };
}

/** A program of others has no business with the node's keys; and the options of the node's own Node are not for it. */
export const environmentWithoutSecrets = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('MUSTER_') && name !== 'NODE_OPTIONS'));

function couldNotStart(command: string, error: Error): string {
  const code = errorCode(error);
  if (code === 'ENOENT') return `There is no program ${command}`;
  if (code === 'EACCES') return `${command} may not be run by this user`;
  return `${command} could not be started (${code ?? error.message})`;
}
