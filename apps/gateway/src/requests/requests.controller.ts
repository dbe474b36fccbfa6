import { Bus } from '@muster/bus';
import {
  type Figures,
  ReadRequest,
  ReadRequests,
  ReadSeries,
  ReadTallies,
  type ReplyOf,
  REQUESTS_PAGE,
  routes,
} from '@muster/contracts';
import { Controller } from '@nestjs/common';
import { type CallTo, Serves } from '../doors/serves.js';
import { FiguresFeed } from './figures-feed.js';

/** What was served, as stats tells it to whoever asks. */
@Controller()
export class RequestsController {
  constructor(
    private readonly bus: Bus,
    private readonly feed: FiguresFeed,
  ) {}

  @Serves(routes.readFigures)
  figures(): Promise<{ figures: Figures | null }> {
    return Promise.resolve({ figures: this.feed.figures });
  }

  @Serves(routes.readTallies)
  tallies({ params, query, caller, signal }: CallTo<typeof routes.readTallies>): Promise<ReplyOf<typeof ReadTallies>> {
    return this.bus.ask(ReadTallies, { ...params, ...query }, caller, { signal });
  }

  @Serves(routes.readSeries)
  series({ params, query, caller, signal }: CallTo<typeof routes.readSeries>): Promise<ReplyOf<typeof ReadSeries>> {
    return this.bus.ask(ReadSeries, { ...params, ...query }, caller, { signal });
  }

  @Serves(routes.readRequests)
  requests({ query, caller, signal }: CallTo<typeof routes.readRequests>): Promise<ReplyOf<typeof ReadRequests>> {
    const { before, limit = REQUESTS_PAGE.usual, ...filter } = query;
    return this.bus.ask(ReadRequests, { filter, limit, ...(before !== undefined && { before }) }, caller, { signal });
  }

  @Serves(routes.readRequest)
  request({ params, caller, signal }: CallTo<typeof routes.readRequest>): Promise<ReplyOf<typeof ReadRequest>> {
    return this.bus.ask(ReadRequest, params, caller, { signal });
  }
}
