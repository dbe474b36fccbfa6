import type { LogLine } from '@muster/contracts';
import { LogBuffer } from '@muster/node-link';
import { atLeast, jsonLine, Log, prettyLine } from './log.js';

const at = '2026-01-02T03:04:05.678Z';
const logged = (write: (log: Log) => void): LogLine[] => {
  const lines: LogLine[] = [];
  write(
    new Log(
      new LogBuffer(),
      (line) => lines.push(line),
      () => at,
    ),
  );
  return lines;
};

describe("the node's log", () => {
  it('numbers its lines and keeps them in the ring', () => {
    const ring = new LogBuffer();
    const log = new Log(
      ring,
      () => undefined,
      () => at,
    );
    log.write('info', 'node', 'one');
    log.write('error', 'node', 'two');
    expect(ring.read(1, 10).map(({ seq, item }) => [seq, item.level, item.message])).toEqual([
      [1, 'info', 'one'],
      [2, 'error', 'two'],
    ]);
  });

  it('makes every line of a message its own, and leaves out what is too much with a count', () => {
    const lines = logged((log) => log.write('info', 'node', Array.from({ length: 120 }, (_, n) => `${n}`).join('\n')));
    expect(lines).toHaveLength(101);
    expect(lines.at(-1)?.message).toBe('(20 more lines of this message left out)');
  });

  it('is inert, whatever is written to it', () => {
    const [line] = logged((log) => log.write('info', 'node', '\u001b]0;x\u0007\u001b[31mred'));
    expect(line?.message).toBe('␛]0;x␇red');
  });

  it('cuts a line at 8 KiB and says by how much, on the terminal too', () => {
    const [line] = logged((log) => log.write('info', 'node', 'x'.repeat(10_000)));
    expect(line).toMatchObject({ cutBytes: 10_000 - 8_192 });
    expect(line && prettyLine(line)).toMatch(/\(1808 bytes cut\)$/);
    expect(line && JSON.parse(jsonLine(line))).toMatchObject({ cutBytes: 1_808, time: at });
  });

  it('shows on the terminal what is grave enough, for a person or as JSON', () => {
    const shown: LogLine[] = [];
    const log = new Log(
      new LogBuffer(),
      atLeast('warning', (line) => shown.push(line)),
      () => at,
    );
    for (const level of ['debug', 'info', 'warning', 'error', 'critical'] as const) log.write(level, 'node', level);
    expect(shown.map(({ level }) => level)).toEqual(['warning', 'error', 'critical']);
    expect(shown[0] && prettyLine(shown[0])).toBe('03:04:05  warning  node     warning');
  });
});
