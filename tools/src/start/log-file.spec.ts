import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogFile } from './log-file.js';

describe('a log file with a bound', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-log-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('goes on in a new file when it is full and keeps one before it', () => {
    const log = new LogFile(join(folder, 'a.log'), 20);
    for (const word of ['first line\n', 'second line\n', 'third line\n']) log.write(word);
    log.close();
    expect(readFileSync(join(folder, 'a.log'), 'utf8')).toBe('third line\n');
    expect(readFileSync(join(folder, 'a.log.1'), 'utf8')).toBe('second line\n');
  });

  it('goes on where the run before ended, and only its owner may read it', () => {
    const path = join(folder, 'a.log');
    for (const word of ['one\n', 'two\n']) {
      const log = new LogFile(path);
      log.write(word);
      log.close();
    }
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('remembers the last lines, also one that has not ended and one that came in pieces', () => {
    const log = new LogFile(join(folder, 'a.log'));
    for (const piece of ['be', 'gun\n\nnext\nhal', 'f']) log.write(piece);
    expect(log.lastLines()).toEqual(['begun', 'next', 'half']);
    log.close();
  });

  it('outlives a disk that takes nothing, and says afterwards how much is missing', () => {
    const path = join(folder, 'a.log');
    const log = new LogFile(path, 20);
    log.write('first line\n');
    // A folder that cannot be replaced, where the file before should go: the file can not be turned.
    mkdirSync(`${path}.1/in the way`, { recursive: true });
    for (const word of ['second line\n', 'third line\n']) log.write(word);
    expect(log.lastLines()).toEqual(['first line', 'second line', 'third line']);
    rmSync(`${path}.1`, { recursive: true });
    log.write('fourth line\n');
    log.close();
    log.write('after the end\n');
    expect(readFileSync(path, 'utf8')).toBe('fourth line\n');
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('… 23 bytes are missing here: the disk took none.\n');
  });
});
