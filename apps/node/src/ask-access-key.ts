import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { AccessKey } from '@muster/contracts';
import { exitCodes, StartFailure } from './start-failure.js';

/** A person who types it wrong tries again so often. */
const TRIES = 3;

/**
 * Asks for the access key on the terminal without showing what is typed; where there is no terminal the first line of the
 * input is the key. Throws StartFailure when none comes.
 */
export async function askAccessKey(
  input: NodeJS.ReadStream,
  output: Pick<NodeJS.WriteStream, 'write'>,
): Promise<string> {
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: unseen, terminal: input.isTTY });
  const typed = lines[Symbol.asyncIterator]();
  try {
    for (let tries = 0; tries < (input.isTTY ? TRIES : 1); tries += 1) {
      if (input.isTTY) output.write('Access key (Configuration in the console shows it; it is not shown here): ');
      const line = await typed.next();
      if (input.isTTY) output.write('\n');
      if (line.done === true) break;
      const key = AccessKey.safeParse(line.value.trim());
      if (key.success) return key.data;
      if (input.isTTY) output.write('That is no access key: 43 characters, letters, digits, - and _\n');
    }
  } finally {
    lines.close();
  }
  throw new StartFailure('No access key was given: 43 characters, letters, digits, - and _', exitCodes.configuration);
}
