import {
  ListMonitorParked,
  ReadHealthFacts,
  ReadMonitorStore,
  type ReplyOf,
  type RequestOf,
  RetryMonitorParked,
} from '@muster/contracts';
import { EventStore, StoreDesk } from '@muster/event-store';
import { Answers } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { readHealthFacts } from './health-facts.query.js';

/** The facts of health for whoever lacks some, and what waits in the monitor's store. */
@Controller()
export class StoreController {
  constructor(
    @Inject(StoreDesk) private readonly desk: StoreDesk,
    @Inject(EventStore) private readonly store: EventStore,
  ) {}

  @Answers(ReadHealthFacts)
  facts(request: RequestOf<typeof ReadHealthFacts>): Promise<ReplyOf<typeof ReadHealthFacts>> {
    return readHealthFacts(this.store.database, request);
  }

  @Answers(ReadMonitorStore)
  state(): Promise<ReplyOf<typeof ReadMonitorStore>> {
    return this.desk.state();
  }

  @Answers(ListMonitorParked)
  list(): Promise<ReplyOf<typeof ListMonitorParked>> {
    return this.desk.list();
  }

  @Answers(RetryMonitorParked)
  retry({ projection, stream }: RequestOf<typeof RetryMonitorParked>): Promise<ReplyOf<typeof RetryMonitorParked>> {
    return this.desk.retry(projection, stream);
  }
}
