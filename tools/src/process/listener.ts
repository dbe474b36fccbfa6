import { readdir, readFile, readlink } from 'node:fs/promises';

/** The state LISTEN of a socket in /proc/net/tcp (include/net/tcp_states.h). */
const LISTEN = '0A';

/**
 * Whether this process itself listens on the port. An answer from the port is not enough to know that a part has started: it
 * may come from somebody else who took the port a moment earlier. Where the system does not tell, yes is assumed.
 */
export async function listensItself(pid: number, port: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const inodes = (
    await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => '')))
  ).flatMap((table) => listeningInodes(table, port));
  const descriptors = await readdir(`/proc/${pid}/fd`).catch((error: NodeJS.ErrnoException) => {
    return error.code === 'EACCES' ? undefined : [];
  });
  if (descriptors === undefined) return true;
  const links = await Promise.all(descriptors.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  return inodes.some((inode) => links.includes(`socket:[${inode}]`));
}

/** The inodes of the sockets that listen on the port, by a table of /proc/net/tcp: local address, state and inode are its fields 2, 4 and 10. */
export function listeningInodes(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTEN && local?.endsWith(`:${wanted}`) === true)
    .flatMap((fields) => fields[9] ?? []);
}
