import { Controller } from '@nestjs/common';
import {
  type Caller,
  commandSubject,
  type LogEntry,
  type LogPage,
  ReadLog,
  ReadLoadHistory,
  ReadSamples,
  Refusal,
  type ReplyOf,
  routes,
} from '@muster/contracts';
import { AskOutage, type AskedWith, Bus } from '@muster/bus';
import { type CallTo, Serves } from '../doors/serves.js';
import { FleetFeed } from '../fleet/fleet-feed.js';
import { fileNameOf, lineOf } from './log-text.js';

/** What a download holds at most: what a monitor keeps of a node, and so much text of it. */
const MOST_ENTRIES = 10_000;
const MOST_CHARACTERS = 32 * 1024 * 1024;

@Controller()
export class LogController {
  constructor(
    private readonly bus: Bus,
    private readonly fleet: FleetFeed,
  ) {}

  @Serves(routes.readLog)
  async read({ params, query, caller, signal }: CallTo<typeof routes.readLog>): Promise<LogPage> {
    await this.#nameOf(params.nodeId);
    return this.#page(params.nodeId, given(query), caller, signal);
  }

  @Serves(routes.readLoadHistory)
  async loadHistory({
    params,
    query,
    caller,
    signal,
  }: CallTo<typeof routes.readLoadHistory>): Promise<ReplyOf<typeof ReadLoadHistory>> {
    const { nodeId } = params;
    await this.#nameOf(nodeId);
    return held(
      this.bus.ask(ReadLoadHistory, query, caller, { subject: commandSubject(ReadLoadHistory, nodeId), signal }),
    );
  }

  @Serves(routes.readSamples)
  async samples({ params, caller, signal }: CallTo<typeof routes.readSamples>): Promise<ReplyOf<typeof ReadSamples>> {
    const { nodeId } = params;
    await this.#nameOf(nodeId);
    return held(this.bus.ask(ReadSamples, {}, caller, { subject: commandSubject(ReadSamples, nodeId), signal }));
  }

  @Serves(routes.downloadLog)
  async download({ params, caller, signal, setHeader }: CallTo<typeof routes.downloadLog>): Promise<string> {
    const name = await this.#nameOf(params.nodeId);
    const text = await this.#text(params.nodeId, caller, signal);
    setHeader('content-disposition', `attachment; filename="${fileNameOf(name)}"`);
    return text;
  }

  /** Page by page from the newest back, since that is how the monitor gives it out; oldest first in the end. */
  async #text(nodeId: string, caller: Caller, signal: AbortSignal): Promise<string> {
    const pages: string[] = [];
    let characters = 0;
    let entries = 0;
    let epoch: string | undefined;
    let first: LogEntry | undefined;
    for (;;) {
      const page = await this.#page(nodeId, first === undefined ? {} : { before: first.n }, caller, signal);
      epoch ??= page.epoch;
      // The monitor began anew meanwhile: its older entries are not the ones before those that we have.
      if (page.epoch !== epoch) break;
      const text = page.entries.map((entry) => `${lineOf(entry)}\n`).join('');
      pages.unshift(text);
      characters += text.length;
      entries += page.entries.length;
      [first] = page.entries;
      if (!page.more || first === undefined) break;
      if (entries >= MOST_ENTRIES || characters >= MOST_CHARACTERS) {
        pages.unshift('Older lines are left out.\n');
        break;
      }
    }
    return pages.join('');
  }

  #page(nodeId: string, wanted: AskedWith<typeof ReadLog>, caller: Caller, signal: AbortSignal) {
    return held(this.bus.ask(ReadLog, wanted, caller, { subject: commandSubject(ReadLog, nodeId), signal }));
  }

  async #nameOf(nodeId: string): Promise<string> {
    await this.fleet.ready();
    const view = this.fleet.view(nodeId);
    if (view === undefined) throw new Refusal('node-unknown');
    return view.name;
  }
}

/** The answer of the monitor that holds the node. Refuses when none does. */
async function held<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AskOutage && error.problem === 'no-responders') throw new Refusal('node-not-connected');
    throw error;
  }
}

type Given<Query> = { [Name in keyof Query]: Exclude<Query[Name], undefined> };

/** A query without what was not asked for. */
const given = <Query extends object>(query: Query): Given<Query> =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as Given<Query>;
