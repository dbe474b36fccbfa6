import { inject } from '@angular/core';
import { neededToList, type RegistryList } from '@muster/contracts';
import type { Outcome } from '../api/outcome.js';
import { Connection } from './connection.js';
import { type ReadRemote, readRemote } from './read-remote.js';

/** What no fact tells, as when a key was used last, is no older than this. */
const READ_EVERY_MS = 30_000;

/**
 * A list of the registry for as long as the caller lives: read when the page can be seen, again as soon as the Gateway says that it
 * has changed, and with each new connection. Nothing of it is kept for whoever may not see it any more.
 */
export const registryList = <T>(
  list: RegistryList,
  ask: () => Promise<Outcome<readonly T[]>>,
): ReadRemote<readonly T[]> =>
  readRemote(ask, {
    needs: neededToList[list],
    everyMs: READ_EVERY_MS,
    changes: inject(Connection).changesOf(list),
  });
