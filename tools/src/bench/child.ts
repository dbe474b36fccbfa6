import { runFor } from '../start/run-for.js';

export interface Child {
  readonly pid: number;
  stop(): Promise<void>;
}

/** A program for the length of a bench: resolves when `ready` does, rejects when it ends before. */
export const child = (
  name: string,
  file: string,
  args: readonly string[],
  ready: () => Promise<unknown>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Child> =>
  runFor({
    name,
    file,
    args,
    env,
    stopSignal: 'SIGTERM',
    stopWithinMs: 10_000,
    ready: async () => {
      await ready();
    },
    readyWithinMs: 30_000,
    remedy: '',
  });

/** Looks whether this address answers with success; `ok` tells what success is. */
export async function answers(url: string, init: RequestInit = {}): Promise<string> {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(5_000) });
  const text = await answer.text();
  if (!answer.ok || text === '') throw new Error(`${url} answers ${answer.status} ${text.slice(0, 200)}`);
  return text;
}
