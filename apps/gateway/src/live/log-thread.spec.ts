import { randomUUID } from 'node:crypto';
import type { LogEntry, NodeLog } from '@muster/contracts';
import fc from 'fast-check';
import { AT, RUN } from '../fleet/fleet.examples.js';
import { LogThread, SHOWN_ENTRIES } from './log-thread.js';

const nodeId = randomUUID();
const epoch = randomUUID();

const line = (n: number, message = `line ${n}`): LogEntry => ({
  kind: 'line',
  n,
  run: RUN,
  line: { seq: n, at: AT, level: 'info', source: 'node', message },
});
const lines = (from: number, to: number, message?: string): LogEntry[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => line(from + index, message));
const log = (from: number, to: number, of = epoch): NodeLog => ({ nodeId, epoch: of, entries: lines(from, to) });

const begun = (to: number) => {
  const thread = new LogThread('unknown');
  thread.begin({ epoch, entries: lines(1, to), more: false }, AT);
  return thread;
};
const numbers = (entries: readonly LogEntry[]) => entries.map(({ n }) => n);
/** How many of the monitor's numbers a list of entries accounts for. */
const accounted = (entries: readonly LogEntry[]) =>
  entries.reduce((sum, entry) => sum + (entry.kind === 'gap' ? (entry.lost ?? 0) : 1), 0);

describe('the log of a room', () => {
  it('goes on from what the monitor kept, whatever came while it was asked', () => {
    const thread = new LogThread('unknown');
    thread.add(log(3, 6), AT);
    thread.add(log(7, 8), AT);
    expect(thread.begin({ epoch, entries: lines(1, 5), more: true }, AT)).toBe(true);
    expect(thread.snapshot()).toEqual({ logEpoch: epoch, entries: lines(1, 8), more: true });
    thread.add(log(8, 9), AT);
    expect(numbers(thread.flush())).toEqual([9]);
  });

  it('shows new entries only with the flush, so that a snapshot and the changes after it fit together', () => {
    const thread = begun(2);
    thread.add(log(3, 4), AT);
    expect(numbers(thread.snapshot().entries)).toEqual([1, 2]);
    expect(numbers(thread.flush())).toEqual([3, 4]);
    expect(numbers(thread.snapshot().entries)).toEqual([1, 2, 3, 4]);
    expect(thread.flush()).toEqual([]);
  });

  it('shows where entries were lost on the way, and how many', () => {
    const thread = begun(2);
    thread.add(log(6, 6), AT);
    expect(thread.flush()).toEqual([{ kind: 'gap', n: 3, at: AT, lost: 3, where: 'gateway' }, line(6)]);
  });

  it('is lost when the monitor counts anew', () => {
    expect(begun(2).add(log(1, 1, randomUUID()), AT)).toBe(false);
    const asked = new LogThread('unknown');
    asked.add(log(1, 1, randomUUID()), AT);
    expect(asked.begin({ epoch, entries: lines(1, 5), more: false }, AT)).toBe(false);
  });

  it('is empty while no monitor holds the node', () => {
    const thread = new LogThread('unknown');
    expect(thread.begin(undefined, AT)).toBe(true);
    expect(thread.snapshot()).toEqual({ logEpoch: 'unknown', entries: [], more: false });
    expect(thread.add(log(1, 1), AT)).toBe(false);
  });

  it('accounts for every entry, however many and however long they are', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(900), { maxLength: 6 }), fc.constantFrom(10, 1_000, 8_000), (batches, length) => {
        const thread = begun(0);
        let to = 0;
        for (const count of batches) {
          thread.add({ nodeId, epoch, entries: lines(to + 1, to + count, 'x'.repeat(length)) }, AT);
          to += count;
        }
        const told = thread.flush();
        expect(accounted(told)).toBe(to);
        expect(told.length).toBeLessThanOrEqual(SHOWN_ENTRIES + 1);
        expect(JSON.stringify(told).length).toBeLessThan(256 * 1024);
      }),
    );
  });

  it('keeps no more than it shows at once', () => {
    const thread = begun(10);
    for (let n = 11; n < 3_000; n += 10) {
      thread.add(log(n, n + 9), AT);
      thread.flush();
    }
    const { entries, more } = thread.snapshot();
    expect(entries.length).toBeLessThanOrEqual(SHOWN_ENTRIES);
    expect(more).toBe(true);
  });
});
