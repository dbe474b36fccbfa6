import type { Call } from '@muster/bus';
import { ReadFleetAt, ReadHistory, readableFamilies, Refusal, type ReplyOf, type RequestOf } from '@muster/contracts';
import { EventStore } from '@muster/event-store';
import { Answers } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { readFleetAt, readPage } from './history.query.js';

/** So many nodes in one part of the answer: well under what a message of the bus may weigh. */
const PART = 100;

/** How the timeline is read. */
@Controller()
export class HistoryController {
  constructor(@Inject(EventStore) private readonly store: EventStore) {}

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
}
