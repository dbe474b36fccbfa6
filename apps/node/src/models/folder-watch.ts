import { type FSWatcher, watch } from 'node:fs';

/** So many folders are watched; in those beyond, changes are found by looking. */
const MAX_WATCHED = 512;

/**
 * Signs that something changed in folders. A folder that gave one is laid aside until it is watched anew: a file that is
 * being copied would give thousands. Where the system can not watch (no watches left, network folders) there are no signs.
 */
export class FolderWatch {
  private readonly watched = new Map<string, FSWatcher>();

  constructor(private readonly onSign: () => void) {}

  /** Watches these folders and no others. Returns how many were not watched until now: what changed before is not known. */
  setTo(folders: readonly string[]): number {
    const wanted = new Set(folders.slice(0, MAX_WATCHED));
    for (const folder of this.watched.keys()) if (!wanted.has(folder)) this.drop(folder);
    let added = 0;
    for (const folder of wanted) if (!this.watched.has(folder) && this.add(folder)) added += 1;
    return added;
  }

  close(): void {
    for (const folder of [...this.watched.keys()]) this.drop(folder);
  }

  private add(folder: string): boolean {
    try {
      const sign = () => {
        this.drop(folder);
        this.onSign();
      };
      const watcher = watch(folder, { persistent: false }, sign);
      watcher.on('error', sign);
      this.watched.set(folder, watcher);
      return true;
    } catch {
      // It is gone, or the system has no watches left: the next look finds what changes.
      return false;
    }
  }

  private drop(folder: string): void {
    this.watched.get(folder)?.close();
    this.watched.delete(folder);
  }
}
