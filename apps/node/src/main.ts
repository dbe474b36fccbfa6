import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { readCommandLine } from './command-line.js';
import { startNode } from './node-service.js';
import { exitCodes, StartFailure } from './start-failure.js';
import { openTerminal } from './terminal.js';

/** How long a stop may take before the process ends all the same. */
const STOP_WITHIN_MS = 5_000;

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));

try {
  const config = readCommandLine(process.argv.slice(2), process.env, version, (text) => process.stdout.write(text));
  if (config !== undefined) {
    const terminal = openTerminal(config);
    const node = await startNode(config, version, terminal);

    let stopping = false;
    const stop = () => {
      // Asked twice: at once.
      if (stopping) process.exit(1);
      stopping = true;
      setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
      void node.stop().finally(() => {
        terminal.flush();
        process.exit(0);
      });
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
    process.on('uncaughtException', (error) => {
      node.log.write('critical', 'node', `A bug ended the node: ${error.stack ?? error.message}`);
      terminal.flush();
      process.exit(exitCodes.bug);
    });
  }
} catch (error) {
  if (!(error instanceof StartFailure)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
