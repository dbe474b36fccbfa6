import { Bus } from '@muster/bus';
import {
  type Caller,
  MOST_RAW_CHARACTERS,
  Outage,
  type ParkedEverywhere,
  parkedOrders,
  type ReplyOf,
  type Retried,
  routes,
  StoreService,
} from '@muster/contracts';
import { Controller } from '@nestjs/common';
import { type CallTo, Serves } from '../doors/serves.js';

const MOST_GIVEN_UP = 50;

/** What waits in the stores of all services, and how each of them does. */
@Controller()
export class ParkedController {
  constructor(private readonly bus: Bus) {}

  @Serves(routes.listParked)
  async list({ caller, signal }: CallTo<typeof routes.listParked>): Promise<ParkedEverywhere> {
    const lists = await Promise.all(StoreService.options.map((service) => this.#listOf(service, caller, signal)));
    const known = lists.flatMap((list) => list ?? []);
    const letters = await this.bus.deadLetters(MOST_GIVEN_UP);
    return {
      parked: known.flatMap(({ list }) => list.parked),
      more: known.some(({ list }) => list.more),
      stores: known.map(({ service, list }) => ({ service, state: list.store })),
      givenUp: letters.map(({ body, at, ...letter }) => ({
        ...letter,
        at: new Date(at).toISOString(),
        raw: body.length <= MOST_RAW_CHARACTERS ? body : `${body.slice(0, MOST_RAW_CHARACTERS)} … cut`,
      })),
    };
  }

  @Serves(routes.retryParked)
  retry({
    body: { service, projection, stream },
    caller,
    signal,
  }: CallTo<typeof routes.retryParked>): Promise<Retried> {
    return this.bus.ask(parkedOrders[service].retry, { projection, stream }, caller, { signal });
  }

  /** Undefined when the service does not answer: what waits elsewhere is shown all the same. */
  async #listOf(service: StoreService, caller: Caller, signal: AbortSignal): Promise<Listed[] | undefined> {
    try {
      return [{ service, list: await this.bus.ask(parkedOrders[service].list, {}, caller, { signal }) }];
    } catch (error) {
      if (error instanceof Outage) return undefined;
      throw error;
    }
  }
}

interface Listed {
  readonly service: StoreService;
  readonly list: ReplyOf<(typeof parkedOrders)[StoreService]['list']>;
}
