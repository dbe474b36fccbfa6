import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CannotGoOn, wordsOf } from '../terminal.js';
import type { PartSpec } from './part.js';

const LOOK_EVERY_MS = 100;

/** Runs a part for a task of this command: nobody starts it again. Resolves when it is ready; rejects when it ends before. */
export async function runFor(part: PartSpec): Promise<{ readonly pid: number; stop(): Promise<void> }> {
  const { file, args, env, ids, stopSignal, stopWithinMs, readyWithinMs } = part;
  const child = spawn(file, args, { env, ...ids, stdio: 'ignore' });
  const ended = once(child, 'exit');
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(stopSignal);
    const late = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
    await ended;
    clearTimeout(late);
  };
  const deadline = performance.now() + readyWithinMs;
  for (;;) {
    try {
      await part.ready();
      return { pid: child.pid ?? 0, stop };
    } catch (error) {
      if (child.exitCode === null && performance.now() < deadline) {
        await sleep(LOOK_EVERY_MS);
        continue;
      }
      await stop();
      throw new CannotGoOn(`${part.name} cannot start: ${wordsOf(error)}. ${part.remedy}`, { cause: error });
    }
  }
}
