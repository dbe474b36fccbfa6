import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';

const Manifest = z.object({ version: z.optional(z.string()) });

/**
 * The version of this node service: that of the package it was packed into, else of the repository, whose packages have none of
 * their own. It is that of the nearest folder above `from` whose manifest tells one. Throws when there is none.
 */
export function releaseVersion(from: string = import.meta.dirname): string {
  const path = join(from, 'package.json');
  const { version } = existsSync(path) ? Manifest.parse(JSON.parse(readFileSync(path, 'utf8'))) : {};
  if (version !== undefined) return version;
  const above = dirname(from);
  if (above === from) throw new Error('No package.json above this program tells its version');
  return releaseVersion(above);
}
