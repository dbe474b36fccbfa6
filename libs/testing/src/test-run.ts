import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder that the global setup of jest made for this run. Everything that a test starts or stores lies in it. */
export function testRunFolder(): string {
  return fromGlobalSetup('MUSTER_TEST_RUN');
}

/** The process that the whole run belongs to: jest itself, not one of its workers. */
export const testRunOwner = (): number => Number(fromGlobalSetup('MUSTER_TEST_OWNER'));

export interface KeepOptions {
  /** The process with whose end it ends too; this one unless told otherwise. */
  readonly owner?: number;
  /** The signal that ends it; SIGKILL follows after 3 s. */
  readonly signal?: NodeJS.Signals;
}

/**
 * Sees to it that a process a test has started ends with the test run at the latest, even when jest or its worker is
 * killed. Returns what ends this care, for when the test has ended the process itself.
 */
export function endWithTestRun(pid: number, { owner = process.pid, signal = 'SIGKILL' }: KeepOptions = {}): () => void {
  // To a signal, 0 and below are groups of processes.
  if (!Number.isInteger(pid) || pid < 1) throw new RangeError(`${pid} is no process`);
  const pids = join(testRunFolder(), 'pids');
  mkdirSync(pids, { recursive: true });
  const file = join(pids, String(pid));
  writeFileSync(file, `${owner} ${signal}`);
  startWarden();
  return () => {
    rmSync(file, { force: true });
  };
}

/** One warden a run: whoever makes the lock file starts it. */
function startWarden(): void {
  const folder = testRunFolder();
  try {
    closeSync(openSync(join(folder, 'warden.lock'), 'wx'));
  } catch {
    return;
  }
  const warden = spawn(process.execPath, [fromGlobalSetup('MUSTER_TEST_WARDEN'), folder, String(testRunOwner())], {
    detached: true,
    stdio: 'ignore',
    // The options of jest's Node are not for it.
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  if (warden.pid !== undefined) writeFileSync(join(folder, 'warden.pid'), String(warden.pid));
  warden.unref();
}

function fromGlobalSetup(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(`${name} is not set: tests with real parts need jest with the globalSetup of jest.preset.mjs`);
  return value;
}
