import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogLine } from '@muster/contracts';
import { LogBuffer } from '@muster/node-link';
import { LogFiles, type LogFilesOptions } from './log-files.js';

let folder: string;
let nowMs: number;
let trouble: (string | undefined)[];
let ids: number;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'muster-log-')), 'log');
  [nowMs, trouble, ids] = [0, [], 0];
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

const open = (options: Partial<LogFilesOptions> = {}) =>
  new LogFiles(folder, {
    bootId: 'this boot',
    newId: () => `00000000-0000-4000-8000-00000000000${(ids += 1)}`,
    monotonicMs: () => nowMs,
    onTrouble: (words) => trouble.push(words),
    ...options,
  });
const line = (seq: number, message = `line ${seq}`): LogLine => ({
  seq,
  at: '2026-11-23T12:00:00.000Z',
  level: 'info',
  source: 'node',
  message,
});
const fill = (files: LogFiles, count: number, message?: string) => {
  for (let n = 0; n < count; n += 1) files.append(line(files.next, message));
};
const all = (files: LogFiles, from = files.first): number[] => {
  const found: number[] = [];
  for (let next = from; next < files.next;) {
    const lines = files.read(next, 500);
    if (lines.length === 0) break;
    found.push(...lines.map(({ seq }) => seq));
    next += lines.length;
  }
  return found;
};
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, n) => first + n);

describe('the log on the disk of a node', () => {
  it('is there for the next life of the node service, which numbers on', () => {
    const files = open();
    fill(files, 1_000);
    const { numbering } = files;
    const again = open();
    expect([again.first, again.next]).toEqual([1, 1_001]);
    expect(again.numbering).toEqual(numbering);
    fill(again, 5);
    expect(all(again)).toEqual(upTo(1_005));
    expect(again.read(1_004, 10).map(({ message }) => message)).toEqual(['line 1004', 'line 1005']);
  });

  it('lets the oldest pieces go at its limit', () => {
    const files = open({ limitBytes: 40_000, pieceBytes: 10_000 });
    fill(files, 2_000);
    const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    expect(bytes).toBeLessThan(41_000);
    expect(files.first).toBeGreaterThan(1_400);
    expect(all(files)).toEqual(upTo(2_000, files.first));
    expect(files.read(1, 10)).toEqual([]);
  });

  it('cuts off a line that was not written whole', () => {
    fill(open(), 3);
    appendFileSync(join(folder, '1.ndjson'), '{"seq":4,"at":"2026');
    const again = open();
    fill(again, 1);
    expect(all(again)).toEqual([1, 2, 3, 4]);
  });

  it('begins a new numbering after the machine was started anew, which goes on from the lines that are there', () => {
    const files = open();
    fill(files, 7);
    const again = open({ bootId: 'another boot' });
    expect(again.numbering.id).not.toBe(files.numbering.id);
    expect(again.numbering.continues).toEqual({ id: files.numbering.id, upTo: 7 });
    expect(open({ bootId: 'another boot' }).numbering).toEqual(expect.objectContaining({ id: again.numbering.id }));
  });

  it('gives nothing from before a hole, nor what was changed by another hand', () => {
    const files = open({ pieceBytes: 2_000 });
    fill(files, 100);
    const [, second = 0, third = 0] = readdirSync(folder)
      .map((name) => Number.parseInt(name, 10))
      .filter((first) => first > 0)
      .sort((a, b) => a - b);
    rmSync(join(folder, `${second}.ndjson`));
    expect(open({ pieceBytes: 2_000 }).first).toBe(third);
    const kept = open({ pieceBytes: 2_000 });
    const path = join(folder, `${third}.ndjson`);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll('line', '\n\n\n\n'));
    expect(kept.read(third, 10)).toEqual([]);
    expect(kept.first).toBeGreaterThan(third);
  });

  it('reads lines of the greatest length from anywhere', () => {
    const files = open();
    fill(files, 600, '\u0001'.repeat(8_192));
    for (const from of [1, 200, 256, 257, 300, 599]) expect(files.read(from, 1).map(({ seq }) => seq)).toEqual([from]);
  });

  it('keeps no line while the disk takes none, says so once, and goes on by itself when it does', () => {
    const files = open({ pieceBytes: 500 });
    fill(files, 3);
    // A folder where a file should be: nothing can be written there, by root neither.
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    fill(files, 20);
    expect(trouble).toHaveLength(1);
    expect([files.first, files.next]).toEqual([24, 24]);
    rmSync(folder);
    open();
    fill(files, 1);
    expect(trouble).toHaveLength(1);
    nowMs += 60_000;
    fill(files, 2);
    expect(trouble).toEqual([expect.any(String), undefined]);
    expect(all(files)).toEqual([25, 26]);
  });

  it('is not taken up by the next life when lines were given out that are not in it', () => {
    const files = open({ pieceBytes: 500 });
    fill(files, 3);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    fill(files, 20);
    rmSync(folder);
    expect(open().numbering.id).not.toBe(files.numbering.id);
  });

  it('stands behind the lines in memory without a seam', () => {
    fill(open(), 20);
    const buffer = new LogBuffer(open());
    for (let n = 0; n < 5; n += 1) buffer.add(line(0, 'new'));
    const read: number[] = [];
    for (let next = buffer.first; next < buffer.next; next = (read.at(-1) ?? 0) + 1)
      read.push(...buffer.read(next, 3).map(({ seq }) => seq));
    expect(read).toEqual(upTo(25));
  });

  it('says nothing to other users of the machine', () => {
    fill(open(), 1);
    expect(statSync(folder).mode & 0o077).toBe(0);
    expect(statSync(join(folder, '1.ndjson')).mode & 0o077).toBe(0);
  });
});
