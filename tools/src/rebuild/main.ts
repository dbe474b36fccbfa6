import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Outage, Refusal } from '@muster/contracts';
import { CannotGoOn, say, wordsOf } from '../terminal.js';
import { listProjections, rebuildOne } from './rebuild.js';
import { natsOf } from './where.js';

// The life of `npm run rebuild`: find the running Gateway, ask it, say how it goes.
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../..');
/** The exit code for a wrong call, as sysexits.h has it. */
const USAGE = 64;

const HELP = `npm run rebuild -- [read model] [--data <dir>]

  Makes a read model anew from all facts, beside the live one, and puts it in its place in one transaction. Muster has to be
  running and goes on meanwhile. Without a name: lists the read models. Ctrl-C before the end changes nothing.

  --data <dir>  data folder of the running Muster (default: $MUSTER_DATA, or .muster in the clone); with NATS_URL set, the
                Gateway on that bus instead
  --help        show this
`;

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { data: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    const [name, ...more] = positionals;
    if (values.help || more.length > 0) {
      say(HELP);
      return values.help ? 0 : USAGE;
    }
    const given = values.data ?? (process.env['MUSTER_DATA'] || undefined);
    const url = await natsOf(given === undefined ? resolve(root, '.muster') : resolve(given), process.env);
    if (name === undefined) await listProjections(url);
    else await rebuildOne(url, name);
    return 0;
  } catch (error) {
    if (error instanceof CannotGoOn || error instanceof Outage || error instanceof Refusal) say(error.message);
    else if (error instanceof TypeError) say(`${wordsOf(error)} (--help tells more)`);
    else throw error;
    return error instanceof TypeError ? USAGE : 1;
  }
}
