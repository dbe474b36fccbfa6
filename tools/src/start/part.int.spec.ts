import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@muster/testing';
import { identify } from '../process/identity.js';
import { CannotGoOn } from '../terminal.js';
import { LogFile } from './log-file.js';
import { Part, type PartSpec, restartDelayMs } from './part.js';
import { Roster } from './roster.js';

describe('a part of the system', () => {
  let folder: string;
  let roster: Roster;
  let log: LogFile;
  const parts: Part[] = [];
  const said: string[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'muster-part-'));
    roster = new Roster(join(folder, 'processes.json'));
    log = new LogFile(join(folder, 'part.log'));
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  });
  afterEach(async () => {
    await Promise.all(parts.splice(0).map((part) => part.stop()));
    await roster.close();
    log.close();
    jest.restoreAllMocks();
    said.length = 0;
    await rm(folder, { recursive: true, force: true });
  });

  /** A part that runs this script and is ready once its log holds "ready". */
  const part = (script: string, more: Partial<PartSpec> = {}): Part => {
    const made = new Part(
      {
        name: 'thing',
        file: process.execPath,
        args: ['-e', script],
        env: { PATH: process.env['PATH'] },
        stopSignal: 'SIGTERM',
        stopWithinMs: 5_000,
        ready: () => (pidsSaid().length > 0 ? Promise.resolve() : Promise.reject(new Error('it has not said so'))),
        readyWithinMs: 10_000,
        remedy: 'Do this.',
        ...more,
      },
      log,
      roster,
    );
    parts.push(made);
    return made;
  };
  const pidsSaid = (): number[] =>
    log.lastLines().flatMap((line) => /^ready (\d+)/.exec(line)?.slice(1).map(Number) ?? []);
  const STAYS = 'console.log("ready " + process.pid); setInterval(() => {}, 1000);';

  it('is stopped in order, and what it had started in its group goes with it', async () => {
    const thing = part(
      `const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
       console.log('ready ' + process.pid); console.log('ready ' + child.pid); setInterval(() => {}, 1000);`,
    );
    await thing.start();
    const [own = 0, grandchild = 0] = await until(pidsSaid, (pids) => pids.length === 2);
    expect(await identify(grandchild)).toBeDefined();
    await thing.stop();
    expect(await identify(own)).toBeUndefined();
    await until(
      () => identify(grandchild),
      (found) => found === undefined,
    );
  });

  it('is killed when it does not end in its time', async () => {
    const thing = part(`process.on('SIGTERM', () => {}); ${STAYS}`, { stopWithinMs: 200 });
    await thing.start();
    const [pid = 0] = pidsSaid();
    await thing.stop();
    expect(await identify(pid)).toBeUndefined();
  });

  it('that cannot start says which, why and what to do in one line', async () => {
    const failed = await part('console.error("Error: the disk is full"); process.exit(3);')
      .start()
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(CannotGoOn);
    expect((failed as Error).message).toBe(
      `thing cannot start: exit code 3: Error: the disk is full. Do this. Its log: ${log.path}`,
    );
  });

  it('that never becomes ready is stopped and says so', async () => {
    const thing = part('setInterval(() => {}, 1000)', { readyWithinMs: 300 });
    await expect(thing.start()).rejects.toThrow('thing cannot start: not ready after 0.3 s (it has not said so)');
  });

  it('whose program is not there says so', async () => {
    await expect(part('', { file: join(folder, 'nothing') }).start()).rejects.toThrow(/thing cannot start: .*ENOENT/);
  });

  it('that dies is started again with a line that says so', async () => {
    const thing = part(STAYS);
    await thing.start();
    const [first = 0] = pidsSaid();
    process.kill(first, 'SIGKILL');
    const [second] = await until(pidsSaid, ([pid]) => pid !== undefined && pid !== first);
    expect(second).not.toBe(first);
    await until(() => said.join('').includes('thing is back.'));
    expect(said.join('')).toContain('thing ended (ended by SIGKILL: ready');
  });

  it('that runs but has got stuck is killed and started again', async () => {
    let stuck = false;
    const look = () => (stuck ? Promise.reject(new Error('no answer')) : Promise.resolve());
    const thing = part(STAYS, { signsOfLife: { look, everyMs: 10, failures: 3 } });
    await thing.start();
    const [first = 0] = pidsSaid();
    stuck = true;
    await until(
      () => identify(first),
      (found) => found === undefined,
    );
    stuck = false;
    await until(() => said.join('').includes('thing is back.'));
    expect(said.join('')).toContain('thing runs but does not answer any more: it is killed.');
  });

  it('that is stopped while it waits to be started again stays stopped', async () => {
    const thing = part(STAYS);
    await thing.start();
    const [pid = 0] = pidsSaid();
    process.kill(pid, 'SIGKILL');
    await until(() => said.join('').includes('starting it again'));
    await thing.stop();
    expect(pidsSaid()).toEqual([pid]);
  });

  it('waits longer after each failure, up to 15 s', () => {
    expect([0, 1, 2, 3, 4, 5, 20].map(restartDelayMs)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  });
});
