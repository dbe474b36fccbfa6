import { type ChildProcess, execFile } from 'node:child_process';
import { promisify } from 'node:util';

const runFile = promisify(execFile);
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
  readonly uid?: number;
  readonly gid?: number;
}

const running = new Set<ChildProcess>();

/** Ends whatever is being run at this moment: the command it belongs to was asked to stop. */
export function stopRunning(): void {
  for (const child of running) child.kill('SIGTERM');
}

/** Runs a program to its end and returns what it said. Rejects with the last line of what it complained about. */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { timeoutMs = 10 * 60_000, ...rest } = options;
  try {
    const going = runFile(file, [...args], { ...rest, timeout: timeoutMs, maxBuffer: MAX_OUTPUT_BYTES });
    running.add(going.child);
    const { stdout } = await going.finally(() => running.delete(going.child));
    return stdout;
  } catch (error) {
    const stderr = (error as { stderr?: string }).stderr ?? '';
    const last = stderr.trim().split('\n').at(-1);
    throw new Error(last === undefined || last === '' ? (error as Error).message : last, { cause: error });
  }
}
