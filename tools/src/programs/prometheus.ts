import { join } from 'node:path';
import { CannotGoOn, wordsOf } from '../terminal.js';
import { hasApt, unpackProgram } from './debian.js';
import { findOnPath, isExecutable } from './find.js';

/** Prometheus and its tool, for the tests of metrics and their documents. */
export interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

/**
 * Those on the path, else those fetched before, else Debian's, which are only unpacked into `folder`, for root too: the installed
 * package would start a server of its own.
 */
export async function prometheusPrograms(folder: string): Promise<PrometheusPrograms> {
  return { prometheus: await program('prometheus', folder), promtool: await program('promtool', folder) };
}

async function program(name: string, folder: string): Promise<string> {
  const own = join(folder, name);
  const there = (await findOnPath(name)) ?? ((await isExecutable(own)) ? own : undefined);
  if (there !== undefined) return there;
  let reason = 'this is no Debian';
  if (await hasApt()) {
    try {
      await unpackProgram('prometheus', `usr/bin/${name}`, own);
      return own;
    } catch (error) {
      reason = wordsOf(error);
    }
  }
  throw new CannotGoOn(
    `${name} for the tests of metrics is not there (${reason}). Put ${name} of Prometheus 2.42 or newer on the path.`,
  );
}
