import { randomUUID } from 'node:crypto';
import { AT } from '../fleet/fleet.examples.js';
import { fileNameOf, lineOf } from './log-text.js';

const line = { seq: 1, at: AT, level: 'warning', source: 'node', message: 'warm' } as const;

describe('a log as text', () => {
  it('has one line an entry', () => {
    expect(lineOf({ kind: 'line', n: 1, run: randomUUID(), line })).toBe(`${AT} WARNING  node: warm`);
    expect(lineOf({ kind: 'line', n: 1, run: randomUUID(), line: { ...line, cutBytes: 9 } })).toMatch(
      / \[9 bytes cut]$/,
    );
    expect(lineOf({ kind: 'remark', n: 2, at: AT, level: 'info', message: 'linked' })).toBe(
      `${AT} INFO     gateway: linked`,
    );
    expect(lineOf({ kind: 'gap', n: 3, at: AT, lost: 4, where: 'link' })).toBe(`${AT} -------- 4 lines lost (link)`);
    expect(lineOf({ kind: 'gap', n: 3, at: AT, where: 'node' })).toBe(`${AT} -------- lines lost (node)`);
  });

  it('gives no orders to a terminal and adds no lines', () => {
    const hostile = lineOf({
      kind: 'line',
      n: 1,
      run: randomUUID(),
      line: { ...line, message: 'a\u001b]0;x\u0007\nb\u202e' },
    });
    expect(hostile).toBe(`${AT} WARNING  node: a\u241b]0;x\u2407\u240ab<U+202E>`);
  });

  it('is saved under a name that is safe everywhere', () => {
    expect(fileNameOf('gpu-04.lab')).toBe('gpu-04.lab.log.txt');
    expect(fileNameOf('../../etc/"x"\r\nset-cookie: a')).toBe('etc-x-set-cookie-a.log.txt');
    expect(fileNameOf('机器')).toBe('node.log.txt');
  });
});
