import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { identify, isRunning, ProcessIdentity } from '../process/identity.js';
import { writeWhole } from './data-folder.js';

/** The one `npm start` of a data folder, as its file tells. */
export const Instance = z.object({
  ...ProcessIdentity.shape,
  /** Where the console is, once that is known. */
  address: z.optional(z.string()),
});
export type Instance = z.infer<typeof Instance>;

export interface HeldInstance {
  /** Lets a second start say where this one is. */
  tell(address: string): Promise<void>;
  release(): Promise<void>;
}

/** Another start holds this data folder. */
export class AlreadyRunning extends Error {
  constructor(readonly instance: Instance) {
    super(
      instance.address === undefined
        ? `Muster is being started for this data folder already (pid ${instance.pid}).`
        : `Muster is running for this data folder already: open ${instance.address} (pid ${instance.pid}). End it with Ctrl-C in its terminal, or kill ${instance.pid}.`,
    );
  }
}

/**
 * Takes the data folder for this process. A file left by a start that has died is recognised by the number and start of its
 * process and taken over. Throws AlreadyRunning.
 */
export async function holdInstance(folder: string): Promise<HeldInstance> {
  const path = join(folder, 'instance.json');
  const self = await identify(process.pid);
  if (self === undefined) throw new Error('This process cannot be found in the list of processes.');
  // Complete before it has its name: link() gives the name to one of two at most.
  const own = join(folder, `instance.${randomUUID()}`);
  await writeWhole(own, JSON.stringify(self));
  try {
    for (;;) {
      try {
        await link(own, path);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const other = await readInstance(path);
      if (other !== undefined && (await isRunning(other))) throw new AlreadyRunning(other);
      await removeStale(path, other);
    }
  } finally {
    await rm(own, { force: true });
  }
  return {
    tell: (address) => writeWhole(path, JSON.stringify({ ...self, address })),
    release: () => rm(path, { force: true }),
  };
}

async function readInstance(path: string): Promise<Instance | undefined> {
  try {
    return Instance.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Removes the file of a dead start, and puts it back when another start has replaced it between look and removal. */
async function removeStale(path: string, stale: Instance | undefined): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const taken = await readInstance(aside);
  if (taken !== undefined && taken.pid !== stale?.pid) {
    await link(aside, path).catch(() => undefined);
    await sleep(20);
  }
  await rm(aside, { force: true });
}
