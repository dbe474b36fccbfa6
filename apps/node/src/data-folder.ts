import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { errorCode } from './error-code.js';
import { exitCodes, StartFailure } from './start-failure.js';

/**
 * The folder with all that a node keeps, made when it is not there and readable by its owner alone. One node service uses it
 * at a time: `release` gives it free, and so does the end of the process, however it ends.
 */
export async function takeDataFolder(folder: string): Promise<{ path: string; release: () => void }> {
  let path: string;
  try {
    makeFolder(folder);
    path = realpathSync(folder);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StartFailure(
      `The data folder ${folder} can not be written (${errorCode(error) ?? 'unknown'}). Give another with --data.`,
      exitCodes.dataFolder,
      { cause: error },
    );
  }
  const lock = await takeName(path);
  if (lock === undefined)
    throw new StartFailure(
      `Another node service uses the data folder ${path}. Stop it, or give this one its own with --data.`,
      exitCodes.alreadyRunning,
    );
  return { path, release: () => lock.close() };
}

/** Not `recursive`: where nothing can be made, as in /proc, that turns in circles for ever. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    const parent = dirname(folder);
    if (errorCode(error) !== 'ENOENT' || existsSync(parent)) throw error;
    makeFolder(parent);
    mkdirSync(folder, { mode: 0o700 });
  }
}

/**
 * Holds a path for this process alone; undefined when another one does. To be closed, and given free with the process's end.
 * A local socket's name can be held by one process and ends with it. On Linux the name is abstract, so nothing is left
 * behind; elsewhere it is a file, and one that nobody answers on is left over and taken.
 */
export async function takeName(path: string): Promise<Server | undefined> {
  const name = `muster-node-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return listenOn(`\0${name}`);
  const file = process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
  const server = await listenOn(file);
  if (server !== undefined || (await answers(file))) return server;
  rmSync(file, { force: true });
  return listenOn(file);
}

function listenOn(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(name, () => {
      server.unref();
      resolve(server);
    });
  });
}

function answers(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(name);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
