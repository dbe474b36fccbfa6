import { join } from 'node:path';
import { stopRunning } from '../programs/run.js';
import { CannotGoOn, say } from '../terminal.js';
import { AlreadyRunning } from './instance.js';
import { HELP, readOptions, type StartOptions, WrongUsage } from './options.js';
import { System } from './system.js';

// The life of `npm start`: read options, start, wait for the end, stop.
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../..');

/** The exit code for a wrong call, as sysexits.h has it. */
const USAGE = 64;

process.stdout.on('error', () => undefined);
process.exitCode = await main();
// Whatever still holds the loop has been told to end.
process.exit();

async function main(): Promise<number> {
  const options = tryReadOptions();
  if (typeof options === 'number') return options;
  const system = new System(root, options, childEnvironment(process.env));
  const asked = new Promise<'asked'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        resolve('asked');
      });
    // Whoever started this command was killed and cannot pass anything on any more.
    process.once('disconnect', () => {
      resolve('asked');
    });
  });
  const broken = new Promise<Error>((resolve) => {
    const tell = (error: unknown) => {
      resolve(error instanceof Error ? error : new Error(String(error)));
    };
    process.on('uncaughtException', tell);
    process.on('unhandledRejection', tell);
    system.start().catch(tell);
  });
  const end = await Promise.race([asked, broken]);
  if (end === 'asked') say('Stopping …');
  else if (end instanceof CannotGoOn || end instanceof AlreadyRunning) say(end.message);
  else console.error(end);
  stopRunning();
  await system.stop();
  if (end === 'asked') say('Stopped.');
  return end === 'asked' ? 0 : 1;
}

/** The options, or the exit code when there is nothing to start. */
function tryReadOptions(): StartOptions | number {
  try {
    const options = readOptions(process.argv.slice(2), process.env, root, process.cwd());
    if (options !== 'help') return options;
    say(HELP);
    return 0;
  } catch (error) {
    if (!(error instanceof WrongUsage)) throw error;
    say(error.message);
    return USAGE;
  }
}

/** What the children need of this environment: not the variables that mean this command itself or another node service. */
function childEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own =
    /^(NODE_CHANNEL_.*|NODE_OPTIONS|DATABASE_URL|NATS_URL|PORT|HOST|PUBLIC_URL|MUSTER_(ROOT|DATA|SECRET|FIRST_CODE|LOCAL_NODE|ACCESS_KEY.*|NODE_.*))$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !own.test(name)));
}
