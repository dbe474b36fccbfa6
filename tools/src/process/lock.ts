import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isRunning, ProcessIdentity } from './identity.js';

/**
 * Takes what the file stands for, for this process: resolves with undefined when it is taken, else with what the file of the
 * process that holds it says. A file left by a process that has died is recognised by that process's number and start,
 * and taken over. Removing the file gives it back.
 */
export async function takeLock(path: string): Promise<{ holder: unknown } | undefined> {
  const self = await identify(process.pid);
  if (self === undefined) throw new Error('This process cannot be found in the list of processes.');
  // Complete before it has its name: link() gives the name to one of two at most.
  const own = `${path}.${randomUUID()}`;
  await writeDurably(own, JSON.stringify(self));
  try {
    for (;;) {
      try {
        await link(own, path);
        return undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = await readJson(path);
      const identity = ProcessIdentity.safeParse(holder).data;
      if (identity !== undefined && (await isRunning(identity))) return { holder };
      await removeStale(path, identity);
    }
  } finally {
    await rm(own, { force: true });
  }
}

/** Removes the file of a dead process, and puts it back when another has replaced it between look and removal. */
async function removeStale(path: string, stale: ProcessIdentity | undefined): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const taken = ProcessIdentity.safeParse(await readJson(aside)).data;
  if (taken !== undefined && taken.pid !== stale?.pid) {
    await link(aside, path).catch(() => undefined);
    await sleep(20);
  }
  await rm(aside, { force: true });
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
