import { chmod, chown, mkdir } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { isRoot } from '../programs/find.js';
import { run } from '../programs/run.js';
import { CannotGoOn, wordsOf } from '../terminal.js';

/** Postgres refuses to run as root: how to run a program as an ordinary user, and where its data may lie. */
export interface OrdinaryUser {
  readonly dataFolder: string;
  command(file: string, args: readonly string[]): { file: string; args: string[]; ids?: { uid: number; gid: number } };
  /** Makes a file or folder that this command has written usable for that user. */
  give(path: string): Promise<void>;
}

const NAMESPACE = ['--user', '--map-user=1000', '--map-group=1000'];

/**
 * An ordinary user runs Postgres as itself. For root, a user namespace makes it an ordinary user inside while the files stay
 * root's, so that it works wherever the clone lies, root's own home too. Where namespaces are refused, the system's user
 * `postgres` does it, with its data below /var/lib. `program` is what that user must be able to run.
 */
export async function ordinaryUser(wantedFolder: string, program: string): Promise<OrdinaryUser> {
  const stay = async () => undefined;
  if (!isRoot()) return { dataFolder: wantedFolder, command: (file, args) => ({ file, args: [...args] }), give: stay };
  try {
    await run('unshare', [...NAMESPACE, program, '--version']);
    return {
      dataFolder: wantedFolder,
      command: (file, args) => ({ file: 'unshare', args: [...NAMESPACE, file, ...args] }),
      give: stay,
    };
  } catch (error) {
    return await systemUser(wantedFolder, program, wordsOf(error));
  }
}

async function systemUser(wantedFolder: string, program: string, refused: string): Promise<OrdinaryUser> {
  try {
    const uid = Number(await run('id', ['-u', 'postgres']));
    const gid = Number(await run('id', ['-g', 'postgres']));
    await run(program, ['--version'], { uid, gid });
    const home = `/var/lib/muster-${createHash('sha256').update(wantedFolder).digest('hex').slice(0, 12)}`;
    await mkdir(home, { recursive: true });
    await chmod(home, 0o711);
    await chown(home, uid, gid);
    return {
      dataFolder: `${home}/postgres`,
      command: (file, args) => ({ file, args: [...args], ids: { uid, gid } }),
      give: (path) => chown(path, uid, gid),
    };
  } catch (error) {
    throw new CannotGoOn(
      `Postgres cannot run as root: user namespaces are refused (${refused}) and the user postgres cannot run it either (${wordsOf(error)}). Run npm start as an ordinary user, or set DATABASE_URL.`,
      { cause: error },
    );
  }
}
