import { Executor } from '@muster/contracts';
import { aNode, AT } from '../testing/examples.js';
import { countGroups, matches, reasonLine, rowOf } from './node-list.js';

const now = Date.parse(AT) + 130_000;
const busy = aNode({
  status: { colour: 'amber', reason: 'queued', words: 'Busy: 8 in flight, 3 queued', clears: 'x', since: AT },
  executors: [
    Executor.parse({ executorId: 'a', model: 'a', state: 'online', slots: 8, inFlight: 6, queued: 3 }),
    Executor.parse({ executorId: 'b', model: 'b', state: 'offline', slots: 4, inFlight: 0, queued: 0 }),
  ],
});
const stale = aNode({
  status: { colour: 'amber', reason: 'stale', words: 'No sign of life for 3 s', clears: 'x', since: AT },
});
const down = aNode({
  status: { colour: 'red', reason: 'refused', words: 'Connection refused', clears: 'x', since: AT },
  link: { phase: 'down', cause: 'refused', since: AT, nextTryAt: new Date(now + 13_400).toISOString() },
});
const off = aNode({
  activated: false,
  status: { colour: 'grey', reason: 'deactivated', words: 'Deactivated', clears: 'x', since: AT },
});

describe('the list of nodes', () => {
  it('counts hard at work apart from not sure', () => {
    expect(countGroups([busy, stale, stale, down])).toEqual([
      { group: 'busy', nodes: 1 },
      { group: 'unsettled', nodes: 2 },
      { group: 'down', nodes: 1 },
    ]);
  });

  it('finds nodes by each word in name, address or status', () => {
    expect(matches(down, 'OTTER refused', undefined)).toBe(true);
    expect(matches(down, ':8022', undefined)).toBe(true);
    expect(matches(down, 'otter healthy', undefined)).toBe(false);
    expect(matches(down, '', 'busy')).toBe(false);
  });

  it('says why, since when and what comes next', () => {
    expect(reasonLine(down, now)).toBe('Connection refused · 2 min · next try in 14 s');
    expect(reasonLine(off, now)).toBe('Deactivated by admin, 23 Nov');
    expect(reasonLine(aNode(), now)).toBe('Healthy · 2 min');
  });

  it('leaves out a next try that lies behind', () => {
    expect(reasonLine(down, now + 60_000)).toBe('Connection refused · 3 min');
  });

  it('shows what is not known as not known, never as 0', () => {
    const row = rowOf(aNode(), { cpuPercent: 0, memoryPercent: 40 });
    expect(row.loads.map(({ share }) => share)).toEqual([0, 40, undefined, undefined]);
    expect([row.executors, row.inFlight]).toEqual([undefined, undefined]);
  });

  it('counts executors that are online, and what they have in flight', () => {
    const row = rowOf(busy, undefined);
    expect([row.executors, row.inFlight]).toEqual(['1 / 2', 6]);
  });
});
