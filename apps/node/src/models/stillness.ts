import type { ModelFile } from './model-files.js';

/** A file whose size and times stay as they are for so long is no longer being written. */
export const STILL_MS = 1_000;
/** One that nobody has changed for so long when it is first seen, as after a start of the node, is taken at once. */
const SURELY_STILL_MS = 30_000;

/** Which files are being written. */
export class Stillness {
  private since = new Map<string, { mark: string; ms: number }>();

  /** Of these files, all that there are, the ones that are still. `nowMs` is monotonic, `today` the wall clock's time. */
  of(files: readonly ModelFile[], nowMs: number, today: Date): ReadonlySet<ModelFile> {
    const before = this.since;
    this.since = new Map();
    const still = new Set<ModelFile>();
    for (const file of files) {
      const seen = before.get(file.path);
      const old = seen === undefined && today.getTime() - file.changedAt.getTime() > SURELY_STILL_MS;
      const ms = seen?.mark === file.mark ? seen.ms : old ? -Infinity : nowMs;
      this.since.set(file.path, { mark: file.mark, ms });
      if (nowMs - ms >= STILL_MS) still.add(file);
    }
    return still;
  }
}
