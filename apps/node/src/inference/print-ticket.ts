import { readIfThere } from '../own-files.js';
import { accessKeys } from '../access-keys.js';
import type { NodeConfig } from '../command-line.js';
import { exitCodes, StartFailure } from '../start-failure.js';
import { join } from 'node:path';
import { Tickets, ticketSecret } from './tickets.js';

/**
 * A ticket for the node with this data folder, for whoever may read that folder: the node need not run, and is not asked.
 * Throws StartFailure when there is no node, or no key.
 */
export function ticketFor(config: Pick<NodeConfig, 'data' | 'accessKey' | 'accessKeyFile'>): string {
  const { data } = config;
  // A ticket of a folder that no node has used would hold nowhere.
  if (readIfThere(join(data, 'ticket-secret')) === undefined)
    throw new StartFailure(
      `No node has run with the data folder ${data}. Give the one that it runs with: --data.`,
      exitCodes.configuration,
    );
  const keys = accessKeys(config, data);
  const [accessKey = ''] = keys.current();
  return new Tickets(ticketSecret(data), keys.current).issue(accessKey);
}
