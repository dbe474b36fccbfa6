import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import type { LogLevel, Model } from '@muster/contracts';
import { FolderWatch } from './folder-watch.js';
import { listModels, MOST_MODELS } from './list-models.js';
import { lookForModels } from './model-files.js';
import { type ReadModel, readModel } from './read-model.js';
import { type ModelSet, modelSets } from './split-models.js';
import { STILL_MS, Stillness } from './stillness.js';

/** Between a sign that something changed and the look at it: one sign seldom comes alone. */
const SOON_MS = 100;
/** Between two looks when nothing gave a sign: network folders give none. */
const SWEEP_MS = 3_000;
const MAX_SWEEP_MS = 60_000;
/** Where looking takes long it is done less often, so that it takes at most so large a share of the time. */
const SWEEP_SHARE = 0.005;

export interface ModelShelfOptions {
  /** Where models lie. */
  readonly folders: readonly string[];
  /** What the person who runs the node should know. */
  readonly notice: (level: LogLevel, words: string) => void;
}

/**
 * The models in the node's folders as they are at this moment: a new file is there within 5 s, a half-copied or broken one
 * with its reason, one that was removed no longer. At most MOST_MODELS are read, the first by folder and path.
 */
export class ModelShelf {
  private known: readonly Model[] = [];
  private readonly listeners = new Set<(models: readonly Model[]) => void>();
  private readonly stillness = new Stillness();
  private readonly watch = new FolderWatch(() => this.sign());
  /** What was read of the files of a model, as long as none of them changes. */
  private read = new Map<string, ReadModel>();
  private told: readonly string[] = [];
  private signs = 0;
  private signsSeen = 0;
  private wake: (() => void) | undefined;
  private stopped = false;
  private running: Promise<void> | undefined;

  constructor(private readonly options: ModelShelfOptions) {}

  /** All that is in the folders, usable or with its problem. */
  get models(): readonly Model[] {
    return this.known;
  }

  /** Calls with all models whenever one of them changed; the returned function ends it. */
  onChange(listener: (models: readonly Model[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Looks for the first time, and from then on whenever something changes. Resolves when the first look is done. */
  async start(): Promise<void> {
    const first = this.look();
    this.running = first.then((nextMs) => this.goOn(nextMs));
    await first;
  }

  /** Ends looking; resolves when nothing of it is left. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.watch.close();
    this.wake?.();
    await this.running;
  }

  private sign(): void {
    this.signs += 1;
    this.wake?.();
  }

  private async goOn(firstMs: number): Promise<void> {
    let nextMs = firstMs;
    while (!this.stopped) {
      // A sign that came during the look counts: what it is about may not have been seen.
      if (this.signs === this.signsSeen) await this.pause(nextMs);
      if (this.signs !== this.signsSeen) await this.pause(SOON_MS);
      if (!this.stopped) nextMs = await this.look();
    }
  }

  /** Waits so long, or until something wakes it. */
  private pause(ms: number): Promise<void> {
    if (this.stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Looks at everything once and tells what changed. Returns after how long to look again when nothing gives a sign. */
  private async look(): Promise<number> {
    this.signsSeen = this.signs;
    const startMs = performance.now();
    try {
      const look = await lookForModels(this.options.folders);
      const all = modelSets(look.files);
      const sets = all.slice(0, MOST_MODELS);
      const still = this.stillness.of(look.files, performance.now(), new Date());
      const settled = sets.filter((set) => set.files.every((file) => still.has(file)));
      const read = await this.readAll(settled);
      if (this.stopped) return SWEEP_MS;
      const notices = [...look.notices];
      if (all.length > sets.length) notices.push(`${all.length} models are there, and ${MOST_MODELS} is the most`);
      this.tell(notices);
      const listed = sets.map((set) => ({ set, read: read.get(set) }));
      this.change(listModels([...listed, ...look.unreadable.slice(0, MOST_MODELS - sets.length)]));
      // What came into a folder between the look and its being watched gave no sign.
      const added = this.watch.setTo(look.folders);
      if (added > 0 || settled.length < sets.length) return STILL_MS;
    } catch (error) {
      this.tell([`The model folders can not be looked at: ${error instanceof Error ? error.message : String(error)}`]);
    }
    return Math.min(MAX_SWEEP_MS, Math.max(SWEEP_MS, (performance.now() - startMs) / SWEEP_SHARE));
  }

  /** Reads what is new or changed, and forgets what is not there any more. */
  private async readAll(sets: readonly ModelSet[]): Promise<ReadonlyMap<ModelSet, ReadModel>> {
    const before = this.read;
    const kept = new Map<string, ReadModel>();
    const found = new Map<ModelSet, ReadModel>();
    for (const set of sets) {
      const key = set.files.map(({ path, mark }) => `${path}\0${mark}`).join('\0');
      const read = before.get(key) ?? (await readModel(set));
      if (!('passing' in read)) kept.set(key, read);
      found.set(set, read);
    }
    this.read = kept;
    return found;
  }

  /** Each notice is told once as long as it holds. */
  private tell(notices: readonly string[]): void {
    for (const words of notices) if (!this.told.includes(words)) this.options.notice('warning', words);
    this.told = notices;
  }

  private change(models: readonly Model[]): void {
    if (isDeepStrictEqual(models, this.known)) return;
    this.known = models;
    for (const listener of this.listeners) listener(models);
  }
}
