import { Bus, type Call } from '@muster/bus';
import {
  type Fact,
  factFamilies,
  type FactFamilyName,
  type FactFamily,
  ReadFleetAt,
  ReadHistory,
  readableFamilies,
  Refusal,
  type ReplyOf,
  type RequestOf,
} from '@muster/contracts';
import { EventStore, type FactOf, onDatabase } from '@muster/event-store';
import { Answers, Ids, OnFact } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { readFleetAt, readPage } from './history.query.js';
import { takeIn } from './history.table.js';

/** So many nodes in one part of the answer: well under what a message of the bus may weigh. */
const PART = 100;

type FactIn<Name extends FactFamilyName> = FactOf<(typeof factFamilies)[Name] & FactFamily>;

/** How facts get into the timeline, and how it is read. Several registries share the work: each fact is taken by one. */
@Controller()
export class HistoryController {
  readonly #epoch: string;
  #seq = 0;

  constructor(
    @Inject(EventStore) private readonly store: EventStore,
    @Inject(Bus) private readonly bus: Bus,
    @Inject(Ids) ids: Ids,
  ) {
    this.#epoch = ids.uuid();
  }

  @OnFact(factFamilies.node, { durable: 'history-node' })
  onNode(fact: FactIn<'node'>): Promise<void> {
    return this.#take('node', fact);
  }

  @OnFact(factFamilies.health, { durable: 'history-health' })
  onHealth(fact: FactIn<'health'>): Promise<void> {
    return this.#take('health', fact);
  }

  @OnFact(factFamilies.account, { durable: 'history-account' })
  onAccount(fact: FactIn<'account'>): Promise<void> {
    return this.#take('account', fact);
  }

  @OnFact(factFamilies.key, { durable: 'history-key' })
  onKey(fact: FactIn<'key'>): Promise<void> {
    return this.#take('key', fact);
  }

  @OnFact(factFamilies.settings, { durable: 'history-settings' })
  onSettings(fact: FactIn<'settings'>): Promise<void> {
    return this.#take('settings', fact);
  }

  @Answers(ReadHistory)
  read(
    { filter, before, limit }: RequestOf<typeof ReadHistory>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof ReadHistory>> {
    const families = readableFamilies(caller.permissions);
    if (filter.family !== undefined && !families.includes(filter.family)) throw new Refusal('not-permitted');
    return readPage(this.store.database, { filter, families, before, limit });
  }

  @Answers(ReadFleetAt)
  async *fleetAt({ at }: RequestOf<typeof ReadFleetAt>): AsyncGenerator<ReplyOf<typeof ReadFleetAt>, void, undefined> {
    const nodes = await readFleetAt(this.store.database, at);
    for (let first = 0; first < nodes.length; first += PART) yield { nodes: nodes.slice(first, first + PART) };
  }

  async #take(family: FactFamilyName, fact: Fact & { data: object }): Promise<void> {
    const entry = await onDatabase(() => this.store.database.transaction((tx) => takeIn(family, fact, tx)));
    if (entry === undefined) return;
    this.#seq += 1;
    this.bus.publishHistory({ epoch: this.#epoch, seq: this.#seq, entry });
  }
}
