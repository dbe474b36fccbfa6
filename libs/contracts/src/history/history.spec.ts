import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { type FactFamilyName } from '../bus/facts.js';
import { allPermissions } from '../permissions.js';
import { describeFact } from './describe-fact.js';
import {
  cursorOf,
  factFamilyNames,
  HistoryCursor,
  type HistoryEntry,
  neededToRead,
  newestFirst,
  placeOfCursor,
  readableFamilies,
} from './history-entry.js';
import { HistoryFilter, inFilter } from './history-filter.js';

const FOLDER = new URL('../../fixtures/', import.meta.url);
const uuid = '7d8cf3ad-6f2f-4b6a-9a5e-2f8f1f6f3c11';
const actor = { kind: 'account', id: uuid, name: 'Ada' } as const;

const entryOf = (family: FactFamilyName, type: string, data: Record<string, unknown>, at = 0): HistoryEntry => ({
  ...{ id: uuid, family, stream: `${family}-${uuid}`, version: 1, position: 1, type, data },
  at: new Date(Date.UTC(2026, 10, 23, 12, 0, at)).toISOString(),
  meta: { actor, commandId: uuid, correlationId: uuid },
  subject: {
    kind: family === 'account' ? 'account' : family === 'settings' ? 'gateway' : 'node',
    id: uuid,
    name: 'gpu-04',
  },
});

const fixtures = factFamilyNames.flatMap((family) =>
  readdirSync(new URL(`${family}/`, FOLDER)).map((file) => {
    const { type, data } = JSON.parse(readFileSync(new URL(`${family}/${file}`, FOLDER), 'utf8')) as HistoryEntry;
    return entryOf(family, type, data);
  }),
);

describe('the words of a fact', () => {
  it.each(fixtures)('are there for every type that is written: $type', (entry) => {
    const { title } = describeFact(entry);
    expect(title).not.toBe('');
    // Words of its own, and not those for a type that nobody knows.
    expect(title).not.toBe(describeFact({ ...entry, data: {} }).title);
  });

  it('say what was and what is', () => {
    const at = '2026-11-23T12:00:00.000Z';
    const moved = { nodeId: uuid, host: '::1', port: 8023, from: { host: 'gpu.lab', port: 8022 }, at };
    expect(describeFact(entryOf('node', 'NodeReaddressed', moved))).toEqual({
      colour: 'amber',
      title: 'gpu-04 moved to another address',
      change: { from: 'gpu.lab:8022', to: '[::1]:8023' },
    });
  });

  it('fall back to the type for a fact of a later version, whatever it holds', () => {
    expect(describeFact(entryOf('node', 'NodeMovedHouse', { to: 'Berlin' }))).toEqual({
      colour: 'grey',
      title: 'gpu-04: Node moved house',
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...factFamilyNames),
        fc.string(),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (...given) => {
          expect(describeFact(entryOf(...given)).title).not.toBe('');
        },
      ),
    );
  });
});

describe('who may read which facts', () => {
  it('is told by one permission a family', () => {
    expect(readableFamilies([])).toEqual([]);
    expect(readableFamilies(['fleet:view'])).toEqual(['node', 'health']);
    expect(readableFamilies(['fleet:view', 'settings:manage'])).toEqual(['node', 'settings', 'health']);
    expect(readableFamilies(allPermissions)).toEqual(factFamilyNames);
    for (const family of factFamilyNames) expect(readableFamilies([neededToRead[family]])).toContain(family);
  });
});

describe('the order of the timeline', () => {
  it('has a cursor for every place, which leads back to it', () => {
    const place = fc.record({
      at: fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }).map((at) => at.toISOString()),
      position: fc.nat(),
      id: fc.uuid(),
    });
    fc.assert(
      fc.property(place, place, (one, other) => {
        expect(placeOfCursor(HistoryCursor.parse(cursorOf(one)))).toEqual(one);
        expect(Math.sign(newestFirst(one, other))).toBe(-Math.sign(newestFirst(other, one)) + 0);
      }),
    );
  });
});

describe('a filter', () => {
  const renamed = entryOf('node', 'NodeRenamed', {
    nodeId: uuid,
    name: 'otter',
    from: 'gpu-04',
    at: '2026-11-23T12:00:00Z',
  });
  const other = '11111111-2222-4333-8444-555555555555';

  it.each<[HistoryFilter, boolean]>([
    [{}, true],
    [{ node: uuid }, true],
    [{ node: other }, false],
    [{ account: uuid }, true],
    [{ account: other }, false],
    [{ family: 'node', kind: 'NodeRenamed' }, true],
    [{ family: 'health' }, false],
    [{ kind: 'NodeRemoved' }, false],
    [{ actor: 'ADA' }, true],
    [{ actor: 'Bob' }, false],
    [{ from: '2026-11-23T12:00:00Z', to: '2026-11-23T13:00:00+01:00' }, true],
    [{ from: '2026-11-23T12:00:01Z' }, false],
    [{ to: '2026-11-23T11:59:59Z' }, false],
    [{ text: 'OTTER  renamed ada' }, true],
    [{ text: 'otter deleted' }, false],
  ])('%j holds: %s', (filter, holds) => {
    expect(inFilter(renamed, HistoryFilter.parse(filter))).toBe(holds);
  });

  it('by account holds what is about its keys, and what was done with them', () => {
    const revoked = entryOf('key', 'ApiKeyRevoked', { keyId: uuid, ownerId: other, because: 'by-hand' });
    const owner = { id: other, name: 'Grace' };
    const byKey = {
      ...renamed,
      meta: { ...renamed.meta, actor: { kind: 'key' as const, id: uuid, name: 'CI', owner } },
    };
    for (const entry of [revoked, byKey]) expect(inFilter(entry, { account: other })).toBe(true);
    expect(inFilter(byKey, { account: uuid })).toBe(false);
    expect(inFilter(byKey, { text: 'ci grace' })).toBe(true);
  });
});
