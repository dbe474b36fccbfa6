import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ExecutorId, ExecutorParameters, LastLines } from '@muster/contracts';
import * as z from 'zod/mini';
import { readIfThere, writePrivately } from '../own-files.js';

/** One executor as the node keeps it: what is wanted of it outlasts the process and the machine. */
export const WantedExecutor = z.object({
  executorId: ExecutorId,
  modelId: z.string().check(z.minLength(1), z.maxLength(256)),
  /** What requests asked for when the model was last there. */
  name: z.string().check(z.minLength(1), z.maxLength(256)),
  kind: z.enum(['chat', 'embedding']),
  enabled: z.boolean(),
  parameters: ExecutorParameters,
});
export type WantedExecutor = z.infer<typeof WantedExecutor>;

const Wanted = z.object({ executors: z.array(WantedExecutor).check(z.maxLength(1_024)) });

/** A process that was started and of which no end is known. Without a pid it was about to be started. */
export const LeftRun = z.object({
  runId: z.uuid(),
  executorId: ExecutorId,
  pid: z.optional(z.number().check(z.int(), z.gte(2))),
  /** Tells this process from a later one of the same number. */
  mark: z.optional(z.string().check(z.maxLength(256))),
});
export type LeftRun = z.infer<typeof LeftRun>;
const LeftRuns = z.object({ runs: z.array(LeftRun).check(z.maxLength(1_024)) });

/**
 * What the node keeps of its executors: a folder with one file of what is wanted, one of the processes there are, and the last
 * lines of the run that failed for each. Every file is written whole or not at all. Throws when the disk does not take it.
 */
export class KeptFiles {
  readonly #folder: string;

  constructor(
    dataFolder: string,
    /** Told of a file that can not be read: what was in it is gone, and kept beside under another name. */
    private readonly onProblem: (words: string) => void,
  ) {
    this.#folder = join(dataFolder, 'executors');
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  wanted(): WantedExecutor[] {
    return this.#read('wanted.json', Wanted)?.executors ?? [];
  }

  keepWanted(executors: readonly WantedExecutor[]): void {
    this.#write('wanted.json', { executors });
  }

  runs(): LeftRun[] {
    return this.#read('runs.json', LeftRuns)?.runs ?? [];
  }

  keepRuns(runs: readonly LeftRun[]): void {
    this.#write('runs.json', { runs });
  }

  lastLines(executorId: string): LastLines | undefined {
    return this.#read(`${executorId}.lines.json`, LastLines);
  }

  keepLastLines(lines: LastLines): void {
    this.#write(`${lines.executorId}.lines.json`, lines);
  }

  /** Forgets the last lines of executors that there are no more. */
  keepOnly(executorIds: ReadonlySet<string>): void {
    for (const file of readdirSync(this.#folder)) {
      const [, executorId] = /^(.+)\.lines\.json$/.exec(file) ?? [];
      if (executorId !== undefined && !executorIds.has(executorId)) rmSync(join(this.#folder, file), { force: true });
    }
  }

  #read<Schema extends z.ZodMiniType>(name: string, schema: Schema): z.output<Schema> | undefined {
    const path = join(this.#folder, name);
    const text = readIfThere(path);
    if (text === undefined) return undefined;
    try {
      return schema.parse(JSON.parse(text)) as z.output<Schema>;
    } catch {
      writePrivately(`${path}.broken`, text);
      rmSync(path, { force: true });
      this.onProblem(`${path} could not be read and was set aside as ${name}.broken`);
      return undefined;
    }
  }

  #write(name: string, value: object): void {
    writePrivately(join(this.#folder, name), `${JSON.stringify(value, undefined, 2)}\n`);
  }
}
