import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { neededPackages, type Package, readManifest, versionOf } from './packages.js';

const NAME = 'muster-node';
/** What the packages within ask for. */
const OLDEST_NODE = [22, 19] as const;
const ENGINES = { node: `>=${OLDEST_NODE.join('.')}`, npm: '>=10' };
const START = 'muster-node.js';

/** What a running program does not read: types, maps, tests and pages of the packages that it uses. */
const UNUSED_FILE = /\.(?:map|tsbuildinfo|d\.[cm]?ts|[cm]?ts|md|markdown|html|yml)$/i;
const UNUSED_FOLDER = new Set(['test', 'tests', 'docs', 'example', 'examples', 'benchmarks', '.github']);
const isLicence = (path: string): boolean => /^(?:licen[cs]e|notice|copying)/i.test(basename(path));

/**
 * Packs the node service with all that it needs to run into one file that npm installs without asking a registry for
 * anything, and returns its path. The node and the libraries must be compiled. Nothing is taken but compiled code and
 * licences, so the same commit gives the same contents.
 */
export async function packNode(root: string, into: string): Promise<string> {
  const app = join(root, 'apps/node');
  const packages = neededPackages(app);
  const stage = mkdtempSync(join(tmpdir(), 'muster-pack-'));
  try {
    writeFileSync(join(stage, 'package.json'), JSON.stringify(manifestOf(app, packages), null, 2));
    writeFileSync(join(stage, 'README.md'), README);
    writeFileSync(join(stage, START), startText());
    cpSync(join(root, 'LICENSE'), join(stage, 'LICENSE'));
    copyUsed(join(app, 'dist'), join(stage, 'dist'), 'dist');
    for (const one of packages) {
      const place = join(stage, 'node_modules', one.place);
      if (one.folder.startsWith(join(root, 'libs'))) copyOwn(one, place, root);
      else copyUsed(one.folder, place, one.name);
    }
    mkdirSync(into, { recursive: true });
    const { stdout } = await promisify(execFile)(
      'npm',
      ['pack', stage, '--pack-destination', into, '--ignore-scripts', '--json', '--silent'],
      { cwd: stage, maxBuffer: 64 * 1024 ** 2 },
    );
    const [packed] = JSON.parse(stdout) as { filename: string }[];
    if (packed === undefined) throw new Error('npm packed nothing');
    return join(into, packed.filename);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function manifestOf(app: string, needed: readonly Package[]) {
  const packages = needed.filter(({ name, place }) => name === place);
  return {
    name: NAME,
    version: versionOf(app),
    description: 'The Muster node service: shows a machine to a Gateway and serves its models.',
    license: 'MIT',
    type: 'module',
    bin: { [NAME]: START },
    engines: ENGINES,
    files: ['dist', START],
    dependencies: Object.fromEntries(packages.map((one) => [one.name, one.version])),
    bundleDependencies: packages.map(({ name }) => name),
  };
}

/** One of our own: compiled, and without what only the workspace understands. */
function copyOwn({ name, version, folder }: Package, place: string, root: string): void {
  copyUsed(join(folder, 'dist'), join(place, 'dist'), 'dist');
  cpSync(join(root, 'LICENSE'), join(place, 'LICENSE'));
  const { exports } = readManifest(folder);
  const manifest = { name, version, license: 'MIT', type: 'module', exports: compiledOnly(exports) };
  writeFileSync(join(place, 'package.json'), JSON.stringify(manifest, null, 2));
}

/** The ways into a package that lead to compiled code: sources and types are not packed. */
const compiledOnly = (exports: unknown): unknown =>
  JSON.parse(
    JSON.stringify(exports, (key, value: unknown) => (key === '@muster/source' || key === 'types' ? undefined : value)),
  );

function copyUsed(from: string, to: string, name: string): void {
  cpSync(from, to, {
    recursive: true,
    dereference: true,
    filter: (path) => {
      const below = path.slice(from.length);
      if (below === '') return true;
      // Our own compiled folders are named as we like; those of others hold what no program reads.
      if (name !== 'dist' && below.split('/').some((part) => UNUSED_FOLDER.has(part) || part === 'node_modules'))
        return false;
      return isLicence(path) || !UNUSED_FILE.test(path);
    },
  });
}

/** npm only warns of a Node that is too old: what starts first says so in one line. */
const startText = (): string => `#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < ${OLDEST_NODE[0]} || (major === ${OLDEST_NODE[0]} && minor < ${OLDEST_NODE[1]})) {
  console.error('The Muster node needs Node.js ${OLDEST_NODE.join('.')} or newer; this is ' + process.version + '.');
  process.exitCode = 78;
} else await import('./dist/main.js');
`;

const README = `# Muster node

The node service of Muster: shows this machine to a Gateway and serves its models. It needs Node.js ${ENGINES.node} and nothing else.

    npx ./muster-node-<version>.tgz --help
`;
