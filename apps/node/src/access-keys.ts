import { randomBytes } from 'node:crypto';
import { unwatchFile, watchFile } from 'node:fs';
import { join } from 'node:path';
import { AccessKey } from '@muster/contracts';
import { accessKeyId } from '@muster/node-link';
import type { NodeConfig } from './command-line.js';
import type { Log } from './log.js';
import { readIfThere, writePrivately } from './own-files.js';
import { exitCodes, StartFailure } from './start-failure.js';

/** The keys in the text of a key file: one, or two during a rotation, each on its own line. Says what is wrong otherwise. */
export function parseKeyFile(text: string): { keys: readonly string[] } | { problem: string } {
  const keys = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (keys.length === 0) return { problem: 'holds no access key' };
  if (keys.length > 2) return { problem: 'holds more than two access keys' };
  if (!keys.every((key) => AccessKey.safeParse(key).success))
    return { problem: 'holds something that is no access key: 43 characters, letters, digits, - and _' };
  return { keys };
}

export interface AccessKeys {
  /** The keys that open a link now. */
  current(): readonly string[];
  /** The key that was made at this start and has to be shown once. */
  readonly made: string | undefined;
  /** Where the keys stand, undefined when the environment gave the key. */
  readonly file: string | undefined;
  /** Calls `changed` with the ids of the keys whenever the file holds others. Returns what ends it. */
  watch(log: Log, changed: (keyIds: readonly string[]) => void): () => void;
}

/** The keys that nobody named a file for. */
const OWN_FILE = 'access-key';
const LOOK_EVERY_MS = 1_000;

/** The keys that the configuration names, or one of the node's own, made at its first start. */
export function accessKeys(config: Pick<NodeConfig, 'accessKey' | 'accessKeyFile'>, folder: string): AccessKeys {
  const { accessKey, accessKeyFile } = config;
  if (accessKeyFile !== undefined) return keysOfFile(accessKeyFile, undefined);
  if (accessKey !== undefined) {
    if (!AccessKey.safeParse(accessKey).success)
      throw new StartFailure(
        'MUSTER_ACCESS_KEY must be 43 characters: letters, digits, - and _',
        exitCodes.configuration,
      );
    return { current: () => [accessKey], made: undefined, file: undefined, watch: () => () => undefined };
  }
  const own = join(folder, OWN_FILE);
  if (readIfThere(own) !== undefined) return keysOfFile(own, undefined);
  const made = randomBytes(32).toString('base64url');
  writePrivately(own, `${made}\n`);
  return keysOfFile(own, made);
}

/** Keeps these keys in the data folder, where the node finds them at each start. Returns the file. */
export function keepAccessKey(folder: string, keys: readonly string[]): string {
  const own = join(folder, OWN_FILE);
  writePrivately(own, keys.map((key) => `${key}\n`).join(''));
  return own;
}

function keysOfFile(file: string, made: string | undefined): AccessKeys {
  const first = readKeyFile(file);
  if ('problem' in first)
    throw new StartFailure(`The access key file ${file} ${first.problem}`, exitCodes.configuration);
  let { keys } = first;
  let problem: string | undefined;
  return {
    current: () => keys,
    made,
    file,
    watch(log, changed) {
      const look = () => {
        const found = readKeyFile(file);
        if ('problem' in found) {
          if (found.problem !== problem)
            log.write('error', 'node', `The access key file ${found.problem}; the keys of before go on`);
          problem = found.problem;
          return;
        }
        problem = undefined;
        if (found.keys.join() === keys.join()) return;
        ({ keys } = found);
        const ids = keys.map(accessKeyId);
        log.write('info', 'node', `Access key changed: ${ids.join(' and ')} in force`);
        changed(ids);
      };
      // Looked at once a second: a file that is replaced, as editors and mounts do, is seen like one that is written.
      watchFile(file, { interval: LOOK_EVERY_MS }, look);
      return () => unwatchFile(file, look);
    },
  };
}

function readKeyFile(file: string): ReturnType<typeof parseKeyFile> {
  try {
    const text = readIfThere(file);
    return text === undefined ? { problem: 'is not there' } : parseKeyFile(text);
  } catch {
    return { problem: 'can not be read' };
  }
}
