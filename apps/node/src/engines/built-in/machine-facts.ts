import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { promisify } from 'node:util';
import type { Gpu } from '@muster/contracts';
import * as z from 'zod/mini';
import type { MachineFacts } from './release.js';

const LOOK_WITHIN_MS = 10_000;
/** Where loaders look without being told, and where CUDA's installer puts its libraries. */
const FOLDERS = [
  ...['/usr/lib', '/usr/lib64', '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib/wsl/lib'],
  ...['/usr/local/cuda/lib64', '/opt/cuda/lib64'],
];

/** What of this machine decides which binary it needs. */
export async function readMachineFacts(gpus: readonly Pick<Gpu, 'vendor'>[]): Promise<MachineFacts> {
  return {
    platform: platform(),
    arch: arch() as NodeJS.Architecture,
    glibc: hasGlibc(),
    gpuVendors: [...new Set(gpus.map(({ vendor }) => vendor))],
    libraries: platform() === 'linux' ? await loadableLibraries() : new Set(),
  };
}

const Report = z.object({ header: z.object({ glibcVersionRuntime: z.optional(z.string()) }) });

/** Node's own report names the C library that it runs on. */
function hasGlibc(): boolean {
  const report = Report.safeParse(process.report.getReport());
  return report.success && report.data.header.glibcVersionRuntime !== undefined;
}

async function loadableLibraries(): Promise<Set<string>> {
  const cached = await Promise.all(['ldconfig', '/sbin/ldconfig'].map(ldconfig));
  const listed = [...FOLDERS, ...(process.env['LD_LIBRARY_PATH'] ?? '').split(':')].flatMap((folder) => {
    try {
      return folder === '' ? [] : readdirSync(folder);
    } catch {
      return [];
    }
  });
  return new Set([...cached.flat(), ...listed]);
}

/** Often not on the path of others than root. */
async function ldconfig(command: string): Promise<string[]> {
  try {
    const { stdout } = await promisify(execFile)(command, ['-p'], { timeout: LOOK_WITHIN_MS });
    return parseLdconfig(stdout);
  } catch {
    return [];
  }
}

/** The names in what `ldconfig -p` prints: one library a line, indented. */
export const parseLdconfig = (output: string): string[] =>
  output.split('\n').flatMap((line) => /^\s+(\S+) \(/.exec(line)?.[1] ?? []);
