import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@muster/testing';
import { identify } from '../process/identity.js';
import { sweepLeftovers } from './roster.js';

const built = join(import.meta.dirname, '../../dist/start/roster.js');

/** A start that has one child in its roster and says the child's number. */
const STARTER = `
  const { spawn } = require('node:child_process');
  import(${JSON.stringify(built)}).then(async ({ Roster }) => {
    const roster = new Roster(process.argv[1]);
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
    await roster.add(child.pid, 'thing', 'SIGTERM');
    console.log(child.pid);
  });`;

describe('what a start has started', () => {
  let folder: string;
  let left: number | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'muster-roster-'));
  });
  afterEach(async () => {
    if (left !== undefined && (await identify(left)) !== undefined) process.kill(left, 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  it('ends when the start is killed outright', async () => {
    const starter = spawn(process.execPath, ['-e', STARTER, join(folder, 'processes.json')]);
    left = await firstNumber(starter);
    expect(await identify(left)).toBeDefined();
    starter.kill('SIGKILL');
    await until(
      () => identify(left ?? 0),
      (found) => found === undefined,
      { withinMs: 5_000 },
    );
  });

  it('is ended by the next start when nobody else did', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
    left = child.pid ?? 0;
    const entry = { ...(await identify(left)), name: 'thing', stopSignal: 'SIGTERM' };
    // The number of this very process, with the start of another: it is not to be touched.
    const other = { pid: process.pid, startedAt: 'before the last boot', name: 'other', stopSignal: 'SIGTERM' };
    await writeFile(join(folder, 'processes.json'), JSON.stringify([entry, other]));
    expect(await sweepLeftovers(join(folder, 'processes.json'), join(folder, 'postgres'))).toEqual(['thing']);
    expect(await identify(left)).toBeUndefined();
  });

  it('is nothing when the file is absent or damaged', async () => {
    const path = join(folder, 'processes.json');
    expect(await sweepLeftovers(path, join(folder, 'postgres'))).toEqual([]);
    await writeFile(path, '[{');
    expect(await sweepLeftovers(path, join(folder, 'postgres'))).toEqual([]);
  });
});

async function firstNumber(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('It has no output');
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return Number(chunk.toString('utf8').trim());
}
