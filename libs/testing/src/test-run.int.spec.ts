import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { endWithTestRun } from './test-run.js';

const sleeper = () => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });

describe('a process that a test has started', () => {
  it('ends when the one that started it is gone, however that ended', async () => {
    const starter = sleeper();
    const child = sleeper();
    const ended = once(child, 'exit');
    endWithTestRun(child.pid ?? 0, { owner: starter.pid ?? 0 });
    starter.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
  });

  it('ends even when it is frozen', async () => {
    const starter = sleeper();
    const child = sleeper();
    const ended = once(child, 'exit');
    child.kill('SIGSTOP');
    endWithTestRun(child.pid ?? 0, { owner: starter.pid ?? 0, signal: 'SIGTERM' });
    starter.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGTERM']);
  });
});
