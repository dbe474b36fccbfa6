import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The path of a Unix socket has 108 bytes on Linux and 104 on macOS, with one for its end; a name of ours needs 16. */
const MAX_FOLDER_BYTES = 104 - 1 - 16;

/**
 * A folder for the sockets of this node's runs that its user alone can enter: in the data folder, emptied of what an earlier
 * life left there, or in the system's folder for such things where the data folder's path is too long for a socket.
 */
export function socketFolder(data: string): { path: string; remove(): void } {
  const path = join(data, 'run');
  const remove = (folder: string) => rmSync(folder, { recursive: true, force: true });
  if (Buffer.byteLength(path) <= MAX_FOLDER_BYTES) {
    remove(path);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return { path, remove: () => remove(path) };
  }
  const made = mkdtempSync(join(tmpdir(), 'muster-run-'));
  return { path: made, remove: () => remove(made) };
}
