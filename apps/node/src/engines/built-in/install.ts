import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { readIfThere } from '../../own-files.js';
import { EngineFailure } from '../engine.js';
import { startProcess } from '../process-run.js';
import locked from './locked.json' with { type: 'json' };
import { findNpm, isFetched, NPM_INSTALL, npmEnvironment, npmFailure } from './npm.js';
import { type Backend, type Binary, ENGINE_VERSION } from './release.js';

/** The library as it lies on the disk, ready to be loaded. */
export interface Library {
  readonly folder: string;
  readonly backend: Backend;
  /** Better binaries that were tried before this one and do not work on this machine. */
  readonly passedOver: readonly Backend[];
}

/** A binary that came whole and does not work on this machine. */
export class UnusableBinary extends EngineFailure {}

export interface InstallEvents {
  /** What is being done, and how much of it is, 0 to 1. */
  progress(words: string, done: number): void;
  /** A line for the log. */
  line(text: string): void;
}

/** Written last of all: a folder with it is whole. */
const MARK = 'muster-engine.json';
const Mark = z.object({
  version: z.string(),
  passedOver: z.array(z.enum(['cpu', 'cuda', 'vulkan', 'metal'])),
});

/** npm without a word for so long has hung. */
const SILENT_MS = 5 * 60_000;
/** Always the same words: how far it is, the figure beside them tells. */
const FETCHING = 'Fetching the engine';
/** As many of npm's lines are kept to say why it failed. */
const LINES_KEPT = 200;

const folderOf = (engines: string, backend: Backend): string =>
  join(engines, `node-llama-cpp-${ENGINE_VERSION}-${backend}`);

/** The library with this binary, undefined when it is not installed, or not whole. */
export function installedLibrary(engines: string, { backend }: Pick<Binary, 'backend'>): Library | undefined {
  const folder = folderOf(engines, backend);
  try {
    const mark = Mark.safeParse(JSON.parse(readIfThere(join(folder, MARK)) ?? 'null'));
    return mark.success && mark.data.version === ENGINE_VERSION
      ? { folder, backend, passedOver: mark.data.passedOver }
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Installs the library with one binary into a side folder, lets `check` try it, and only then puts it in its place: what is
 * there is whole, whenever this ends. What npm has fetched is kept until it succeeds, so the next attempt goes on from there.
 * Every package has its exact version and checksum. Rejects with EngineFailure that says why in words.
 */
export async function installLibrary(
  engines: string,
  binary: Binary & Pick<Library, 'passedOver'>,
  events: InstallEvents,
  check: (library: Library) => Promise<void>,
  signal: AbortSignal,
): Promise<Library> {
  const npm = findNpm(process.env, process.execPath);
  if (npm === undefined) throw new EngineFailure('npm is not there, and it installs the engine');
  const place = folderOf(engines, binary.backend);
  const { backend, passedOver } = binary;
  const side = `${place}.unfinished`;
  const cache = join(engines, 'npm-cache');
  try {
    rmSync(side, { recursive: true, force: true });
    mkdirSync(side, { recursive: true });
    writeManifest(side, binary);
    await runNpm(npm, side, cache, binary, events, signal);
    events.progress('Trying the engine', 1);
    await check({ folder: side, backend, passedOver }).catch((error: unknown) => {
      throw new UnusableBinary(error instanceof Error ? error.message : String(error), { cause: error });
    });
    writeFileSync(join(side, MARK), JSON.stringify({ version: ENGINE_VERSION, passedOver }));
    rmSync(place, { recursive: true, force: true });
    renameSync(side, place);
  } catch (error) {
    rmSync(side, { recursive: true, force: true });
    throw error instanceof EngineFailure
      ? error
      : new EngineFailure(npmFailure([`npm error ${String(error)}`]), { cause: error });
  }
  rmSync(cache, { recursive: true, force: true });
  removeOthers(engines, place);
  return { folder: place, backend, passedOver };
}

/** Versions before this one; its own other binaries stay. */
function removeOthers(engines: string, place: string): void {
  for (const name of readdirSync(engines))
    if (
      name.startsWith('node-llama-cpp-') &&
      !name.startsWith(`node-llama-cpp-${ENGINE_VERSION}-`) &&
      join(engines, name) !== place
    )
      rmSync(join(engines, name), { recursive: true, force: true });
}

function writeManifest(folder: string, { packages }: Binary): void {
  const manifest = {
    name: 'muster-engine',
    version: '0.0.0',
    private: true,
    dependencies: Object.fromEntries(['node-llama-cpp', ...packages].map((name) => [name, ENGINE_VERSION])),
  };
  const lock = { name: manifest.name, version: manifest.version, lockfileVersion: 3, requires: true };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ ...lock, packages: { '': manifest, ...locked } }));
}

async function runNpm(
  npm: { command: string; args: readonly string[] },
  folder: string,
  cache: string,
  { packages }: Binary,
  events: InstallEvents,
  signal: AbortSignal,
): Promise<void> {
  const total = Object.keys(locked).length + packages.length;
  const lines: string[] = [];
  let fetched = 0;
  let told = 0;
  events.progress(FETCHING, 0);
  signal.throwIfAborted();
  const hung = () => {
    lines.push('npm error it has not moved for five minutes');
    run.signal('SIGKILL');
  };
  let silence = setTimeout(hung, SILENT_MS);
  const run = startProcess({
    command: npm.command,
    args: [...npm.args, ...NPM_INSTALL, `--cache=${cache}`, `--prefix=${folder}`],
    runId: 'install',
    cwd: folder,
    env: npmEnvironment(process.env),
    onLine: (line) => {
      clearTimeout(silence);
      silence = setTimeout(hung, SILENT_MS);
      if (line.startsWith('npm error')) events.line(line);
      if (!line.startsWith('npm http')) lines.push(line);
      if (lines.length > LINES_KEPT) lines.shift();
      if (!isFetched(line)) return;
      fetched = Math.min(total, fetched + 1);
      // A twentieth at a time: whoever hears of it may pass it on over a network.
      if (fetched / total - told < 0.05 && fetched < total) return;
      told = fetched / total;
      events.progress(FETCHING, told);
    },
  });
  const leave = () => run.signal('SIGKILL');
  signal.addEventListener('abort', leave, { once: true });
  const { code, words } = await run.exited;
  signal.removeEventListener('abort', leave);
  clearTimeout(silence);
  signal.throwIfAborted();
  if (code !== 0) throw new EngineFailure(words ?? npmFailure(lines));
}
