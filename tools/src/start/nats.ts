import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectBus } from '@muster/bus';
import { type BusService, busServices, Outage } from '@muster/contracts';
import { natsServerProgram } from '../programs/nats-server.js';
import { CannotGoOn, wordsOf } from '../terminal.js';
import { type DataFolder, keptSecret, writeWhole } from './data-folder.js';
import { natsConfig } from './nats-config.js';
import type { PartSpec } from './part.js';

const run = promisify(execFile);

const ANSWER_WITHIN_MS = 5_000;
const LOOK_WITHIN_MS = 2_000;

export interface Nats {
  readonly part: PartSpec;
  /** Where tools connect, with every right in Muster's account. Holds the password: for environments only. */
  readonly url: string;
  /** Where each service connects, with the rights that it needs. */
  readonly urls: Readonly<Record<BusService, string>>;
  /** Where the registry asks the server itself who is connected. */
  readonly systemUrl: string;
  /** Where the registry writes the users of outsiders, one a line. */
  readonly outsidersFile: string;
  /** Writes the configuration with the outsiders as they are now. Throws, and leaves it as it was, when the server would not take it. */
  configure(): Promise<void>;
}

const services = Object.keys(busServices) as BusService[];

/** A nats-server with JetStream in the data folder, for whoever has a generated password and comes from this machine. */
export async function ownNats(folder: DataFolder, port: number, env: NodeJS.ProcessEnv): Promise<Nats> {
  const program = await natsServerProgram(folder.programs);
  const users = ['muster', 'system', ...services] as const;
  const passwords = new Map<string, string>();
  for (const user of users) passwords.set(user, await keptSecret(folder, `nats-${user}`));
  const config = join(folder.secrets, 'nats.conf');
  const outsidersFile = join(folder.secrets, 'nats-outsiders');
  const configure = async (): Promise<void> => {
    const text = natsConfig({
      head: [
        '# Written at every start and whenever an outsider comes or goes.',
        `listen: "127.0.0.1:${port}"`,
        'server_name: "muster"',
      ],
      storeDir: JSON.stringify(folder.nats),
      // JSON strings are strings of its language too.
      passwordOf: (user) => JSON.stringify(passwords.get(user)),
      outsiders: await readFile(outsidersFile, 'utf8').catch(() => ''),
    });
    const tried = join(folder.secrets, 'nats.conf.tried');
    await writeWhole(tried, text);
    await accepted(program, tried);
    await writeWhole(config, text);
  };
  await takeOverStore(folder.nats);
  await configure();
  const urlOf = (user: string) => `nats://${user}:${passwords.get(user)}@127.0.0.1:${port}`;
  const url = urlOf('muster');
  return {
    url,
    urls: Object.fromEntries(services.map((service) => [service, urlOf(service)])) as Record<BusService, string>,
    systemUrl: urlOf('system'),
    outsidersFile,
    configure,
    part: {
      name: 'NATS',
      file: program,
      args: ['-c', config],
      env,
      stopSignal: 'SIGTERM',
      stopWithinMs: 10_000,
      port,
      ready: () => natsAnswers('127.0.0.1', port),
      readyWithinMs: 30_000,
      // 2.9.10, Debian's, answers no JetStream call any more once a disk was full, and does not end either.
      signsOfLife: { look: () => streamsAnswer(url), everyMs: 5_000, failures: 4 },
      remedy: 'If the disk is full make room; otherwise set NATS_URL to use another one.',
    },
  };
}

/** What a data folder of before there were accounts holds: all streams lay in the server's own account. */
async function takeOverStore(store: string): Promise<void> {
  const [before, now] = ['$G', 'MUSTER'].map((account) => join(store, 'jetstream', account));
  if (before === undefined || now === undefined || !existsSync(before) || existsSync(now)) return;
  await rename(before, now);
}

/** Throws with the server's own words when it would not start with this configuration. */
async function accepted(program: string, config: string): Promise<void> {
  try {
    await run(program, ['-t', '-c', config], { timeout: ANSWER_WITHIN_MS });
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw new Error(
      `nats-server does not take its configuration: ${stderr.trim().split('\n').at(-1) ?? wordsOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Whether the NATS of NATS_URL answers. Throws one line that does not hold the address's password. */
export async function checkNats(url: string): Promise<void> {
  const { hostname, port } = new URL(url.split(',')[0] ?? url);
  try {
    await natsAnswers(hostname, Number(port || 4222));
  } catch (error) {
    throw new CannotGoOn(
      `The NATS of NATS_URL at ${hostname}:${port || 4222} does not answer: ${wordsOf(error)}. Start it or correct NATS_URL.`,
      { cause: error },
    );
  }
}

/** Whether JetStream tells the end of a stream. That the server lets us in says nothing about that. */
async function streamsAnswer(url: string): Promise<void> {
  const bus = await connectBus({ servers: url, name: 'npm start', firstTryMs: LOOK_WITHIN_MS });
  try {
    await bus.tail('FLEET');
  } catch (error) {
    if (error instanceof Outage) throw error;
  } finally {
    await bus.close();
  }
}

/** The server speaks first: its INFO line says whether JetStream is there. */
function natsAnswers(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: ANSWER_WITHIN_MS });
    const end = (act: () => void) => {
      socket.destroy();
      act();
    };
    socket.once('data', (line) => {
      end(() => {
        if (!line.includes('INFO')) reject(new Error('something else than NATS answers there'));
        else if (!line.includes('"jetstream":true')) reject(new Error('it runs without JetStream'));
        else resolve();
      });
    });
    socket.once('timeout', () => end(() => reject(new Error('it says nothing'))));
    socket.once('error', (error) => end(() => reject(error)));
  });
}
