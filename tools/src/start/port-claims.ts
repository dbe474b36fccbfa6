import { mkdir, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { takeLock } from '../process/lock.js';

/**
 * Ports that this process has spoken for. A port that is free when it is chosen is taken only seconds later, when its service
 * has started; a claim keeps another Muster of this user from choosing the same one meanwhile.
 */
export class PortClaims {
  private readonly claimed: string[] = [];

  constructor(private readonly folder = join(tmpdir(), `muster-ports-${userInfo().uid}`)) {}

  /** Whether the port is ours now. */
  async take(port: number): Promise<boolean> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const path = join(this.folder, String(port));
    if (this.claimed.includes(path)) return true;
    if ((await takeLock(path)) !== undefined) return false;
    this.claimed.push(path);
    return true;
  }

  async release(): Promise<void> {
    await Promise.all(this.claimed.splice(0).map((path) => rm(path, { force: true })));
  }
}
