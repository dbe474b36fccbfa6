#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { askAccessKey } from './ask-access-key.js';
import { readCommandLine } from './command-line.js';
import { ticketFor } from './inference/print-ticket.js';
import { startNode } from './node-service.js';
import { releaseVersion } from './release.js';
import { installService } from './service/install-service.js';
import { readServiceCommand } from './service/service-plan.js';
import { exitCodes, StartFailure } from './start-failure.js';
import { openTerminal, type Terminal } from './terminal.js';

/** How long a stop may take before the process ends all the same. */
const STOP_WITHIN_MS = 10_000;

const version = releaseVersion();

const print = (text: string) => void process.stdout.write(text);
const say = (text: string) => print(`${text}\n`);

let terminal: Terminal | undefined;
try {
  const [first = '', ...others] = process.argv.slice(2);
  const service = first === 'install-service' ? readServiceCommand(others) : undefined;
  const args = service?.options ?? (first === 'ticket' ? others : process.argv.slice(2));
  const read = readCommandLine(args, process.env, version, print);
  const asks = read?.askAccessKey === true && first !== 'ticket' && service?.print !== true;
  const config = asks ? { ...read, accessKey: await askAccessKey(process.stdin, process.stderr) } : read;
  if (config !== undefined && first === 'ticket') say(ticketFor(config));
  else if (config !== undefined && service !== undefined)
    installService(service, config, fileURLToPath(import.meta.url), say);
  else if (config !== undefined) {
    const output = openTerminal(config);
    terminal = output;
    const node = await startNode(config, version, output);

    let stopping = false;
    const stop = () => {
      // Asked twice: at once.
      if (stopping) process.exit(1);
      stopping = true;
      setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
      void node.stop().finally(() => {
        output.flush();
        process.exit(0);
      });
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
    process.on('uncaughtException', (error) => {
      node.log.write('critical', 'node', `A bug ended the node: ${error.stack ?? error.message}`);
      output.flush();
      process.exit(exitCodes.bug);
    });
  }
} catch (error) {
  terminal?.flush();
  if (!(error instanceof StartFailure)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
