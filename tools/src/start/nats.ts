import { connect } from 'node:net';
import { join } from 'node:path';
import { connectBus } from '@muster/bus';
import { Outage } from '@muster/contracts';
import { natsServerProgram } from '../programs/nats-server.js';
import { CannotGoOn, wordsOf } from '../terminal.js';
import { type DataFolder, keptSecret, writeWhole } from './data-folder.js';
import type { PartSpec } from './part.js';

const ANSWER_WITHIN_MS = 5_000;
const LOOK_WITHIN_MS = 2_000;

export interface Nats {
  readonly part: PartSpec;
  /** Where the services connect. Holds the password: for environments only. */
  readonly url: string;
}

/** A nats-server with JetStream in the data folder, for whoever has the generated password and comes from this machine. */
export async function ownNats(folder: DataFolder, port: number, env: NodeJS.ProcessEnv): Promise<Nats> {
  const program = await natsServerProgram(folder.programs);
  const password = await keptSecret(folder, 'nats-muster');
  const config = join(folder.secrets, 'nats.conf');
  await writeWhole(config, natsConfig(port, password, folder.nats));
  const url = `nats://muster:${password}@127.0.0.1:${port}`;
  return {
    url,
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

/** The server's configuration: JSON strings are strings of its language too. */
export const natsConfig = (port: number, password: string, store: string): string => `# Written at every start.
listen: "127.0.0.1:${port}"
server_name: "muster"
authorization { user: "muster", password: ${JSON.stringify(password)} }
jetstream { store_dir: ${JSON.stringify(store)} }
`;

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
