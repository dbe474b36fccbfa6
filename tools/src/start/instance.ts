import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { identify, ProcessIdentity } from '../process/identity.js';
import { takeLock } from '../process/lock.js';
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

/** Takes the data folder for this process, also from a start that has died. Throws AlreadyRunning. */
export async function holdInstance(folder: string): Promise<HeldInstance> {
  const path = join(folder, 'instance.json');
  const taken = await takeLock(path);
  if (taken !== undefined) throw new AlreadyRunning(Instance.parse(taken.holder));
  return {
    tell: async (address) => writeWhole(path, JSON.stringify({ ...(await identify(process.pid)), address })),
    release: () => rm(path, { force: true }),
  };
}
