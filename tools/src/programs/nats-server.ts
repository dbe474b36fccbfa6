import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CannotGoOn, say, wordsOf } from '../terminal.js';
import { hasApt, installPackage, unpackProgram } from './debian.js';
import { findOnPath, isExecutable, isRoot } from './find.js';
import { run } from './run.js';

/**
 * The official release for each platform, with the SHA-256 of its archive as pinned by nats-io/nats-docker (Linux) and
 * cashapp/hermit-packages (macOS, newest there).
 */
const RELEASES: Record<string, { version: string; platform: string; sha256: string } | undefined> = {
  'linux-x64': {
    version: '2.10.29',
    platform: 'linux-amd64',
    sha256: 'e314da74a83a1d3876db8814c27eb990fe729640fd6452025b441bcede8390da',
  },
  'linux-arm64': {
    version: '2.10.29',
    platform: 'linux-arm64',
    sha256: 'da4b27942ecfb4c5f0c54553d2e7f470ddda9d7581cfe8131b351a0e223ed401',
  },
  'darwin-x64': {
    version: '2.10.26',
    platform: 'darwin-amd64',
    sha256: 'c90e94a1a9537304ab59f9056baca6a3138d17c13d7fe218ccbbd24ca08ee8e9',
  },
  'darwin-arm64': {
    version: '2.10.26',
    platform: 'darwin-arm64',
    sha256: 'b1e2fd61507703ee81b0b2c1c35894beeebf908ddc7a4a5b7928aca438f716e6',
  },
};
const DOWNLOAD_WITHIN_MS = 120_000;

/**
 * The nats-server to use: the one on the path, else the one fetched before, else Debian's package (installed as root,
 * otherwise only unpacked into `folder`), else the official release. Throws one line that says what to do.
 */
export async function natsServerProgram(folder: string): Promise<string> {
  const own = join(folder, 'nats-server');
  const there = (await findOnPath('nats-server')) ?? ((await isExecutable(own)) ? own : undefined);
  if (there !== undefined) return there;
  const reasons: string[] = [];
  if (await hasApt()) {
    try {
      if (isRoot()) await installPackage('nats-server');
      else await unpackProgram('nats-server', 'usr/sbin/nats-server', own);
      const brought = (await findOnPath('nats-server')) ?? ((await isExecutable(own)) ? own : undefined);
      if (brought !== undefined) return brought;
    } catch (error) {
      reasons.push(wordsOf(error));
    }
  }
  try {
    await downloadRelease(own);
    return own;
  } catch (error) {
    reasons.push(wordsOf(error));
  }
  throw new CannotGoOn(
    `nats-server is not there and could not be fetched (${reasons.join('; ')}). Install it (apt-get install nats-server, brew install nats-server) or set NATS_URL.`,
  );
}

async function downloadRelease(to: string): Promise<void> {
  const release = RELEASES[`${process.platform}-${process.arch}`];
  if (release === undefined) throw new Error(`there is no known release for ${process.platform} ${process.arch}`);
  const name = `nats-server-v${release.version}-${release.platform}`;
  say(`Downloading nats-server ${release.version} …`);
  const url = `https://github.com/nats-io/nats-server/releases/download/v${release.version}/${name}.tar.gz`;
  const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_WITHIN_MS) }).catch((error: unknown) => {
    throw new Error(`github.com cannot be reached (${wordsOf((error as Error).cause ?? error)})`, { cause: error });
  });
  if (!response.ok) throw new Error(`github.com answered ${response.status}`);
  const archive = Buffer.from(await response.arrayBuffer());
  assertChecksum(archive, release.sha256);
  await mkdir(join(to, '..'), { recursive: true });
  const work = await mkdtemp(`${to}-`);
  try {
    await writeFile(join(work, 'archive.tar.gz'), archive);
    await run('tar', ['-xzf', 'archive.tar.gz'], { cwd: work });
    await copyFile(join(work, name, 'nats-server'), to);
    await chmod(to, 0o755);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Throws unless the bytes are the expected ones. Nothing of a download is unpacked, let alone run, before. */
export function assertChecksum(bytes: Uint8Array, sha256: string): void {
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw new Error(`the download is not what it should be (SHA-256 ${found.slice(0, 12)}…)`);
}
