import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';

const Manifest = z.looseObject({
  name: z.string(),
  /** Our own packages have none: theirs is that of the root. */
  version: z.optional(z.string()),
  dependencies: z._default(z.record(z.string(), z.string()), {}),
});
export type Manifest = z.infer<typeof Manifest>;

export interface Package {
  readonly name: string;
  readonly version: string;
  /** Where it lies; for one of our own the workspace itself. */
  readonly folder: string;
  /** Where it is packed, below `node_modules`. */
  readonly place: string;
}

export const readManifest = (folder: string): Manifest =>
  Manifest.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));

/** The version of the package in `folder`; of one of our own that of the release, which the root alone names. */
export function versionOf(folder: string): string {
  const { version } = existsSync(join(folder, 'package.json')) ? readManifest(folder) : {};
  if (version !== undefined) return version;
  if (dirname(folder) === folder) throw new Error('No package.json above tells a version');
  return versionOf(dirname(folder));
}

/**
 * All packages that the one in `folder` needs to run, and those that they need, each with its place below `node_modules`. A
 * second version of a package lies below the one that needs it. Throws when one is not installed.
 */
export function neededPackages(folder: string): Package[] {
  const found = new Map<string, Package>();
  const follow = (from: string, placeOfFrom: string) => {
    for (const name of Object.keys(readManifest(from).dependencies)) {
      const lies = find(name, from);
      if (lies === undefined) throw new Error(`${name}, which ${from} needs, is not installed`);
      const version = versionOf(lies);
      const shared = found.get(name);
      if (shared?.version === version) continue;
      const place = shared === undefined ? name : `${placeOfFrom}/node_modules/${name}`;
      if (found.get(place)?.version === version) continue;
      found.set(place, { name, version, folder: lies, place });
      follow(lies, place);
    }
  };
  follow(folder, '');
  return [...found.values()];
}

/** As Node looks for a package: in `node_modules` beside the one that asks, then in each folder above. */
function find(name: string, from: string): string | undefined {
  const here = join(from, 'node_modules', name);
  if (existsSync(join(here, 'package.json'))) return realpathSync(here);
  const above = dirname(from);
  return above === from ? undefined : find(name, above);
}
