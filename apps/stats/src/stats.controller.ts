import {
  ReadRequest,
  ReadRequests,
  ReadSeries,
  ReadTallies,
  Refusal,
  type ReplyOf,
  type RequestOf,
} from '@muster/contracts';
import { Answers, Clock } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { readSeries, readTallies } from './figures/windows.query.js';
import { Names } from './names.js';
import { readOne, readPage } from './requests/requests.query.js';

/** What was counted, for whoever asks. Reads the database alone, so that any instance can answer. */
@Controller()
export class StatsController {
  constructor(
    @Inject(DataSource) private readonly database: DataSource,
    @Inject(Names) private readonly names: Names,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Answers(ReadTallies, { concurrency: 4 })
  async tallies({ window, by }: RequestOf<typeof ReadTallies>): Promise<ReplyOf<typeof ReadTallies>> {
    const { tallies, ...rest } = await readTallies(this.database, window, by, Date.parse(this.clock.now()));
    return { ...rest, tallies: tallies.map(({ of, tally }) => ({ of: this.names.of(by, of.id), tally })) };
  }

  @Answers(ReadSeries, { concurrency: 4 })
  async series({ window, by }: RequestOf<typeof ReadSeries>): Promise<ReplyOf<typeof ReadSeries>> {
    const { lines, ...rest } = await readSeries(this.database, window, by, Date.parse(this.clock.now()));
    return { ...rest, lines: lines.map(({ of, points }) => ({ of: this.names.of(by, of.id), points })) };
  }

  @Answers(ReadRequests)
  async requests(wanted: RequestOf<typeof ReadRequests>): Promise<ReplyOf<typeof ReadRequests>> {
    const { requests, older } = await readPage(this.database, wanted);
    return { requests: requests.map((request) => this.names.named(request)), older };
  }

  @Answers(ReadRequest)
  async request({ requestId }: RequestOf<typeof ReadRequest>): Promise<ReplyOf<typeof ReadRequest>> {
    const tracked = await readOne(this.database, requestId);
    if (tracked === undefined) throw new Refusal('request-unknown');
    return { request: this.names.named(tracked.view), facts: [...tracked.facts] };
  }
}
