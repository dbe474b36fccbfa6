import { Bus, type Call } from '@muster/bus';
import {
  ListProjections,
  ListRegistryParked,
  ReadRegistryStore,
  RebuildProjection,
  Refusal,
  type ReplyOf,
  type RequestOf,
  RetryRegistryParked,
} from '@muster/contracts';
import { checkpointOf, EventStore, onDatabase, type Rebuildable, StoreDesk } from '@muster/event-store';
import { Answers, Clock, Ids } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { rebuildables } from './projections.js';
import { rebuildSteps } from './rebuild-steps.js';

/** What waits in the registry's store, and its read models anew from the facts. */
@Controller()
export class StoreController {
  readonly #rebuildables: readonly Rebuildable[];

  constructor(
    @Inject(StoreDesk) private readonly desk: StoreDesk,
    @Inject(EventStore) private readonly store: EventStore,
    @Inject(Bus) bus: Bus,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Ids) ids: Ids,
  ) {
    this.#rebuildables = rebuildables(bus, () => ids.uuid());
  }

  @Answers(ReadRegistryStore)
  state(): Promise<ReplyOf<typeof ReadRegistryStore>> {
    return this.desk.state();
  }

  @Answers(ListRegistryParked)
  list(): Promise<ReplyOf<typeof ListRegistryParked>> {
    return this.desk.list();
  }

  @Answers(RetryRegistryParked)
  retry({ projection, stream }: RequestOf<typeof RetryRegistryParked>): Promise<ReplyOf<typeof RetryRegistryParked>> {
    return this.desk.retry(projection, stream);
  }

  @Answers(ListProjections)
  async projections(): Promise<ReplyOf<typeof ListProjections>> {
    const { database } = this.store;
    const listed = this.#rebuildables.map(async ({ name, lanes, filled }) => {
      const tables = [...new Set(lanes.flatMap(({ projected }) => projected.tables))];
      if (filled === 'with-append') return { name, tables };
      const first = lanes[0]?.projected.name ?? name;
      return { name, tables, position: await onDatabase(() => checkpointOf(database, first)) };
    });
    return { projections: await Promise.all(listed) };
  }

  @Answers(RebuildProjection, { concurrency: 1 })
  rebuild(
    { projection }: RequestOf<typeof RebuildProjection>,
    { signal }: Call,
  ): AsyncIterable<ReplyOf<typeof RebuildProjection>> {
    const what = this.#rebuildables.find(({ name }) => name === projection);
    if (what === undefined) throw new Refusal('projection-unknown', { field: 'projection' });
    return rebuildSteps(this.store, what, signal, () => this.clock.monotonicMs());
  }
}
