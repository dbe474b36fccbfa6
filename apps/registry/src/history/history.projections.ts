import type { Bus } from '@muster/bus';
import {
  type Caller,
  type Fact,
  factFamilies,
  type FactFamily,
  type FactFamilyName,
  type HistoryEntry,
  ReadHealthFacts,
  type StoredFact,
} from '@muster/contracts';
import { foreignRow, type Owner, type Projection, projection, type Rebuildable } from '@muster/event-store';
import { GATEWAY } from '../gateway.js';
import { takeIn } from './history.table.js';

const TABLES = ['history', 'history_subjects'];
const { node, account, key, integration, webhook, settings, health } = factFamilies;

/** What the timeline is told when entries have joined it. */
export type OnGrown = (entries: readonly HistoryEntry[]) => void;

/** The part of the timeline that comes from the registry's own facts. */
export const ownHistory = (committed?: OnGrown): Projection =>
  ofFamilies('history', [node, account, key, integration, webhook, settings], committed);

/** The part that comes from the monitor's. Both fill the same tables. */
export const healthHistory = (committed?: OnGrown): Projection => ofFamilies('history-health', [health], committed);

const ofFamilies = (name: string, families: readonly FactFamily[], committed: OnGrown | undefined): Projection =>
  projection<FactFamily, HistoryEntry | undefined>(
    name,
    families,
    (fact, tx) => takeIn(nameOf(fact), fact, tx),
    // Those that were there already gave nothing.
    { tables: TABLES, ...(committed ? { committed: (all) => committed(all.filter((one) => one !== undefined)) } : {}) },
  );

/** A stream is named for its family: `node-<nodeId>`. */
const nameOf = ({ stream }: Fact): FactFamilyName => stream.slice(0, stream.indexOf('-')) as FactFamilyName;

/** The timeline as it is rebuilt: from both stores, in the order of the facts' times. */
export const rebuiltHistory = (bus: Pick<Bus, 'ask'>, newId: () => string): Rebuildable => ({
  name: 'history',
  filled: 'behind',
  lanes: [{ projected: ownHistory() }, { projected: healthHistory(), read: monitorFacts(bus, newId).after }],
});

/** A retry reads while a transaction is open, which may not be for long. */
const READ_WITHIN_MS = 3_000;

/** The monitor's facts, from the monitor itself. */
export function monitorFacts(bus: Pick<Bus, 'ask'>, newId: () => string): Owner {
  const caller = (): Caller => ({ actor: GATEWAY, permissions: [], commandId: newId(), correlationId: newId() });
  const read = async (wanted: { after: number; limit: number; stream?: string }) => {
    const { facts } = await bus.ask(ReadHealthFacts, wanted, caller(), { signal: AbortSignal.timeout(READ_WITHIN_MS) });
    return facts.map(rowOf);
  };
  return {
    after: (after, limit) => read({ after, limit }),
    waiting: async (stream, from, to) => {
      const rows = [];
      for (let after = from - 1; ;) {
        const page = await read({ after, limit: 200, stream });
        rows.push(...page.filter(({ position }) => position <= to));
        const last = page.at(-1);
        if (last === undefined || last.position >= to) return rows;
        after = last.position;
      }
    },
  };
}

const rowOf = ({ data, meta, ...rest }: StoredFact) => foreignRow({ ...rest, data, meta });
