import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { AlreadyRunning } from '../start/instance.js';
import { CannotGoOn, say, wordsOf } from '../terminal.js';
import { backUp } from './backup.js';
import { restore } from './restore.js';

// The life of `npm run backup` and `npm run restore`: read the options, do it, say so.
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../..');
/** The exit code for a wrong call, as sysexits.h has it. */
const USAGE = 64;

const HELP = `npm run backup -- [folder] [--data <dir>]

  Writes a backup into a folder that is not there yet (default: muster-backup-<time>). Muster may be running.

npm run restore -- <folder> --data <dir>

  Puts a backup into a data folder that holds nothing yet. Start it with npm start -- --data <dir>.

  --data <dir>  data folder (default: $MUSTER_DATA, or .muster in the clone)
  --help        show this
`;

const [command, ...args] = process.argv.slice(2);
process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { data: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    const given = values.data ?? (process.env['MUSTER_DATA'] || undefined);
    const data = given === undefined ? resolve(root, '.muster') : resolve(given);
    const [place, ...more] = positionals;
    if (values.help || more.length > 0 || (command === 'restore' && place === undefined)) {
      say(HELP);
      return values.help ? 0 : USAGE;
    }
    if (command === 'restore') {
      const { madeAt } = await restore(resolve(place ?? ''), data, process.env);
      say(`Restored the backup of ${madeAt} into ${data}. Start it with: npm start -- --data ${data}`);
      return 0;
    }
    const to = resolve(place ?? `muster-backup-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`);
    await backUp(data, to, process.env);
    say(`Backed up to ${to}. It holds the secret that opens the access key: keep it like one.`);
    return 0;
  } catch (error) {
    if (error instanceof CannotGoOn || error instanceof AlreadyRunning) say(error.message);
    else if (error instanceof TypeError) say(`${wordsOf(error)} (--help tells more)`);
    else throw error;
    return error instanceof TypeError ? USAGE : 1;
  }
}
