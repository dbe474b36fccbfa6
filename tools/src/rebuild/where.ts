import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson } from '../start/data-folder.js';
import { Ports } from '../start/ports.js';
import { CannotGoOn } from '../terminal.js';

/** The bus of the Muster that runs in a data folder, or the one of NATS_URL. Holds the password: never to be shown. */
export async function natsOf(dataFolder: string, env: NodeJS.ProcessEnv): Promise<string> {
  const given = env['NATS_URL'];
  if (given !== undefined && given !== '') return given;
  const ports = await readJson(join(dataFolder, 'ports.json'), Ports.pick({ nats: true }));
  const password = await readFile(join(dataFolder, 'secrets', 'nats-muster'), 'utf8').catch(() => undefined);
  if (ports === undefined || password === undefined)
    throw new CannotGoOn(
      `No Muster has run in ${dataFolder} yet. Start it with npm start, or name its folder with --data.`,
    );
  return `nats://muster:${password.trim()}@127.0.0.1:${ports.nats}`;
}
