import { Bus } from '@muster/bus';
import {
  describeFact,
  type ExportedEntry,
  HISTORY_PAGE,
  type HistoryEntry,
  type HistoryPage,
  type NodeView,
  ReadFleetAt,
  ReadHistory,
  Refusal,
  routes,
} from '@muster/contracts';
import { Controller } from '@nestjs/common';
import { type CallTo, Serves } from '../doors/serves.js';

/** An export holds so many entries; whoever needs more asks for one span of time after the other. */
const MOST_EXPORTED = 100_000;

/** The timeline and the past of the fleet, as the registry tells them to whoever asks. */
@Controller()
export class HistoryController {
  constructor(private readonly bus: Bus) {}

  @Serves(routes.readHistory)
  read({ query, caller, signal }: CallTo<typeof routes.readHistory>): Promise<HistoryPage> {
    const { before, limit = HISTORY_PAGE.usual, ...filter } = query;
    const wanted = { filter, limit, ...(before === undefined ? {} : { before }) };
    return this.bus.ask(ReadHistory, wanted, caller, { signal });
  }

  @Serves(routes.exportHistory)
  async *export({
    query: filter,
    caller,
    signal,
    setHeader,
  }: CallTo<typeof routes.exportHistory>): AsyncGenerator<ExportedEntry, void, undefined> {
    setHeader('content-disposition', 'attachment; filename="muster-history.ndjson"');
    let exported = 0;
    let before: string | undefined;
    do {
      const wanted = { filter, limit: HISTORY_PAGE.most, ...(before === undefined ? {} : { before }) };
      const { entries, older } = await this.bus.ask(ReadHistory, wanted, caller, { signal });
      for (const entry of entries) {
        if (exported === MOST_EXPORTED)
          throw new Refusal('too-large', { words: `The export ends after ${MOST_EXPORTED} entries: narrow the time.` });
        yield withWords(entry);
        exported += 1;
      }
      before = older ?? undefined;
    } while (before !== undefined);
  }

  @Serves(routes.readFleetAt)
  async fleetAt({
    query: { at },
    caller,
    signal,
  }: CallTo<typeof routes.readFleetAt>): Promise<{ at: string; nodes: NodeView[] }> {
    const nodes: NodeView[] = [];
    for await (const part of this.bus.askStream(ReadFleetAt, { at }, caller, { signal })) nodes.push(...part.nodes);
    return { at, nodes };
  }
}

function withWords(entry: HistoryEntry): ExportedEntry {
  const { title, detail, change } = describeFact(entry);
  return { ...entry, words: { title, ...(detail !== undefined && { detail }), ...(change && { change }) } };
}
