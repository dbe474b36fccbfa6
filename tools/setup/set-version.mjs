// @ts-check
// `npm run version:set -- 0.3.0`: the version of the next release, in the manifest at the root, which everything else follows,
// and where a file that is read by other programs has to name it once more: the lockfile and the images of the containers.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const [version = '', ...more] = process.argv.slice(2);

if (more.length > 0 || !/^\d+\.\d+\.\d+$/.test(version)) {
  console.error('npm run version:set -- <version>, as 0.3.0');
  process.exitCode = 64;
} else {
  for (const [path, pattern] of /** @type {const} */ ([
    ['package.json', /^( {2}"version": ")[^"]+/m],
    ['package-lock.json', /^( {2}"version": ")[^"]+/m],
    ['package-lock.json', /^( {6}"version": ")[^"]+/m],
    ['docker-compose.yml', /(\$\{MUSTER_VERSION:-)[^}]+/g],
    ['deploy/kustomization.yaml', /(newTag: )[^ ]+/g],
  ])) {
    const file = join(root, path);
    const text = readFileSync(file, 'utf8');
    if (text.search(pattern) < 0) throw new Error(`${path} names no version`);
    writeFileSync(file, text.replace(pattern, `$1${version}`));
  }
  console.log(`This is ${version} now. Next: npm run documents, and its entry in CHANGELOG.md.`);
}
