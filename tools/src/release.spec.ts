import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const Manifest = z.object({ version: z.optional(z.string()), workspaces: z.optional(z.array(z.string())) });
const manifest = (path: string) => Manifest.parse(JSON.parse(read(path)));
const { version = '', workspaces = [] } = manifest('package.json');

/** Every folder that a pattern of the root's manifest names. */
const packages = workspaces.flatMap((pattern) =>
  pattern.endsWith('/*')
    ? readdirSync(join(root, pattern.slice(0, -2)), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => `${pattern.slice(0, -1)}${name}`)
    : [pattern],
);

describe('the version of a release', () => {
  it('stands at the root alone: no package within has one of its own', () => {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(packages.length).toBeGreaterThan(10);
    const others = packages.filter((path) => manifest(`${path}/package.json`).version !== undefined);
    expect(others).toEqual([]);
  });

  it('is the one of the lockfile, which names none for the packages within', () => {
    const lock = z.object({ version: z.string(), packages: z.record(z.string(), Manifest) });
    const { packages: locked, ...whole } = lock.parse(JSON.parse(read('package-lock.json')));
    expect([whole.version, locked['']?.version]).toEqual([version, version]);
    expect(packages.filter((path) => locked[path] === undefined || locked[path].version !== undefined)).toEqual([]);
  });

  it('is the tag of every image, unless MUSTER_VERSION says otherwise', () => {
    const images = [...read('docker-compose.yml').matchAll(/^ +image: muster\/(.+)$/gm)].map(([, image]) => image);
    expect(images.length).toBeGreaterThan(5);
    expect(images.filter((image) => image?.endsWith(`:\${MUSTER_VERSION:-${version}}`) !== true)).toEqual([]);
    const tags = [...read('deploy/kustomization.yaml').matchAll(/newTag: (\S+)/g)].map(([, tag]) => tag);
    expect(new Set(tags)).toEqual(new Set([version]));
  });

  it('is the newest entry of the change log, and each entry is newer than the one below it', () => {
    const entries = [...read('CHANGELOG.md').matchAll(/^## \[(\d+)\.(\d+)\.(\d+)\]/gm)].map((match) =>
      match.slice(1).map(Number),
    );
    expect(entries[0]?.join('.')).toBe(version);
    const inOrder = entries.every((entry, n) => {
      const below = entries[n + 1];
      const at = entry.findIndex((part, place) => part !== below?.[place]);
      return below === undefined || (at !== -1 && (entry[at] ?? 0) > (below[at] ?? 0));
    });
    expect(inOrder).toBe(true);
  });

  it('is kept for the tests of upgrades, as that of every release before it', () => {
    const released = [...read('CHANGELOG.md').matchAll(/^## \[(\S+)\] - \d{4}-\d\d-\d\d$/gm)].map(([, name]) => name);
    expect(released.length).toBeGreaterThan(0);
    expect(readdirSync(join(root, 'tools/fixtures'))).toEqual(expect.arrayContaining(released));
  });
});
