import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identify } from '../process/identity.js';
import { AlreadyRunning, holdInstance } from './instance.js';

describe('the one start of a data folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'muster-instance-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  const leave = (text: string) => writeFile(join(folder, 'instance.json'), text);

  it('tells a second one where the first is and under which pid', async () => {
    const held = await holdInstance(folder);
    await held.tell('http://localhost:8080');
    const second = await holdInstance(folder).catch((error: unknown) => error);
    expect(second).toBeInstanceOf(AlreadyRunning);
    expect((second as Error).message).toContain(`open http://localhost:8080 (pid ${process.pid})`);
    await held.release();
    await (await holdInstance(folder)).release();
  });

  it('lets one of many that begin at once have it', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => holdInstance(folder)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('takes over from a process that has died', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
    const identity = await identify(child.pid ?? 0);
    await leave(JSON.stringify({ ...identity, address: 'http://localhost:1' }));
    await expect(holdInstance(folder)).rejects.toThrow(AlreadyRunning);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await holdInstance(folder)).release();
  });

  it('takes over when the number now belongs to another process, and when the file is damaged', async () => {
    await leave(JSON.stringify({ pid: process.pid, startedAt: 'before the last boot' }));
    await (await holdInstance(folder)).release();
    await leave('{"pid":');
    await (await holdInstance(folder)).release();
  });
});
