import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

const root = join(import.meta.dirname, '../..');
const Lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({ dev: z.optional(z.boolean()), link: z.optional(z.boolean()), license: z.optional(z.string()) }),
  ),
});

/** Licences that ask for nothing but their own text, and of changed sources (Zlib) to be marked. OFL is that of the fonts. */
const ALLOWED =
  /^(MIT|\(MIT AND Zlib\)|Apache-2\.0|BSD-2-Clause|BSD-3-Clause|0BSD|ISC|Unlicense|OFL-1\.1|BlueOak-1\.0\.0|CC0-1\.0)$/;
/** Packages that name their licence in an older way, which the lockfile does not carry: each is MIT, by its own files. */
const MIT_BY_THEIR_FILES = ['busboy', 'streamsearch', 'xmlhttprequest-ssl'];

it('everything that Muster runs on is under a licence that permits it', () => {
  const { packages } = Lockfile.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  const shipped = Object.entries(packages).filter(([path, { dev, link }]) => {
    return path.includes('node_modules/') && dev !== true && link !== true;
  });
  const doubtful = shipped
    .map(([path, { license }]) => ({ name: path.slice(path.lastIndexOf('node_modules/') + 13), license }))
    .filter(({ name, license }) => !ALLOWED.test(license ?? '') && !MIT_BY_THEIR_FILES.includes(name));
  expect(shipped.length).toBeGreaterThan(100);
  expect(doubtful).toEqual([]);
});
