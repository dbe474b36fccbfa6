import { Bus, type Keeper, type Stoppable } from '@muster/bus';
import { GatewayStart, Outage, ReadGatewayStart } from '@muster/contracts';
import { Clock, Ids } from '@muster/service';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { gatewayCaller } from '../doors/callers.js';

const GATEWAY = 'gateway';

/**
 * This life of the Gateway. It begins with the first gateway service and ends with the last: one that starts while another is
 * there joins its life, so that nothing is counted anew. Of two that began at the same moment the earlier beginning holds.
 */
@Injectable()
export class GatewayLife implements OnModuleInit, OnApplicationShutdown {
  readonly #keeper: Keeper<GatewayStart>;
  readonly #changes = new Set<(start: GatewayStart) => void>();
  readonly #opened: Stoppable[] = [];
  #start: GatewayStart;

  constructor(
    private readonly bus: Bus,
    private readonly ids: Ids,
    clock: Clock,
  ) {
    this.#start = { run: ids.uuid(), at: clock.now() };
    this.#keeper = bus.bucket('GATEWAY', GatewayStart).keep();
  }

  get start(): GatewayStart {
    return this.#start;
  }

  /** Calls when it turns out that this life has begun at another time than was known. */
  onChange(handler: (start: GatewayStart) => void): void {
    this.#changes.add(handler);
  }

  async onModuleInit(): Promise<void> {
    const { bus } = this;
    const there = await this.#ask();
    if (there !== undefined) this.#join(there);
    this.#keeper.set(GATEWAY, this.#start);
    let known = false;
    const watching = bus.bucket('GATEWAY', GatewayStart).watch((change) => {
      // What lay there at first was left behind by those before us.
      if (!known || change.change !== 'put' || change.key !== GATEWAY) return;
      const { run } = this.#start;
      if (change.value.run === run) return;
      if (isBefore(change.value, this.#start)) this.#join(change.value);
      this.#keeper.set(GATEWAY, this.#start);
    });
    void watching.ready.then(() => (known = true));
    this.#opened.push(watching, await bus.answer(ReadGatewayStart, () => Promise.resolve(this.#start)));
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.#opened.map((each) => each.stop()), this.#keeper.stop()]);
  }

  #join(start: GatewayStart): void {
    this.#start = start;
    for (const handler of this.#changes) handler(start);
  }

  /** The life of the others; undefined when nobody answers, or the bus is away. */
  async #ask(): Promise<GatewayStart | undefined> {
    try {
      return await this.bus.ask(ReadGatewayStart, {}, gatewayCaller(this.ids.uuid(), this.ids.uuid()));
    } catch (error) {
      if (error instanceof Outage) return undefined;
      throw error;
    }
  }
}

const isBefore = (one: GatewayStart, other: GatewayStart): boolean =>
  one.at === other.at ? one.run < other.run : one.at < other.at;
