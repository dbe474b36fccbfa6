import { type Bus, type Call, type Delivery, type Stoppable, within } from '@muster/bus';
import type { FactFamily, Fact, Order } from '@muster/contracts';
import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import type { PinoLogger } from 'nestjs-pino';
import { isObservable, lastValueFrom } from 'rxjs';
import { BUS_TRANSPORT, type HandlerExtras } from './decorators.js';

/** Serves the methods marked with `@Answers` and `@OnFact` over the bus. */
export class BusTransport extends Server implements CustomTransportStrategy {
  override readonly transportId = BUS_TRANSPORT;
  /** Failures of fact handlers go back to the bus, which tries again. */
  override readonly propagatesEventHandlerErrors = true;
  readonly #served: Stoppable[] = [];
  #finished: Promise<boolean> | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly log: PinoLogger,
    /** How long work that was begun may take once the service stops. */
    private readonly finishMs: number,
  ) {
    super();
  }

  listen(callback: (error?: unknown) => void): void {
    this.#serveAll().then(
      () => {
        callback();
      },
      (error: unknown) => {
        callback(error);
      },
    );
  }

  /** Takes no new work. True when what was begun is done, false when it was given up at the bound. */
  finish(): Promise<boolean> {
    this.#finished ??= within(this.finishMs, Promise.allSettled(this.#served.map((one) => one.stop()))).then(
      (done) => done !== undefined,
    );
    return this.#finished;
  }

  async close(): Promise<void> {
    await this.finish();
  }

  on(): never {
    throw new Error('The bus tells its state through Bus.onState');
  }

  unwrap<T>(): T {
    // What Nest's users of other transports would get: the thing underneath.
    return this.bus as T;
  }

  async #serveAll(): Promise<void> {
    for (const [pattern, handler] of this.messageHandlers) {
      const extras = handler.extras as HandlerExtras;
      if (handler.next) throw new Error(`Two methods share ${pattern}: give each a durable of its own`);
      const run = (...args: [unknown, unknown]) => Promise.resolve(handler(...args)).then(settled);
      if (extras.kind === 'order') this.#served.push(await this.#serveOrder(extras, run));
      else this.#served.push(await this.#serveFacts(extras, run));
    }
  }

  #serveOrder({ order, options }: Extract<HandlerExtras, { kind: 'order' }>, run: Run): Promise<Stoppable> {
    const bindings = ({ caller }: Call) => ({
      order: order.subject,
      requestId: caller.commandId,
      correlationId: caller.correlationId,
      actor: `${caller.actor.kind} ${caller.actor.id}`,
    });
    const handler = (request: unknown, call: Call): Promise<unknown> | AsyncIterable<unknown> => {
      const inContext = <T>(work: () => T): T => this.log.runInContext(work, { bindings: bindings(call) });
      return order.answers === 'once'
        ? inContext(() => run(request, call))
        : iterateIn(inContext, () => run(request, call) as Promise<AsyncIterable<unknown>>);
    };
    return this.bus.answer<Order>(order, handler, options);
  }

  #serveFacts({ family, options }: Extract<HandlerExtras, { kind: 'fact' }>, run: Run): Promise<Stoppable> {
    const handler = (fact: Fact, delivery: Delivery): Promise<void> =>
      this.log.runInContext(() => run(fact, delivery) as Promise<void>, {
        bindings: {
          durable: options.durable,
          fact: fact.id,
          position: fact.position,
          requestId: fact.meta.commandId,
          correlationId: fact.meta.correlationId,
        },
      });
    return this.bus.consumeFacts<FactFamily>(family, options, handler);
  }
}

type Run = (data: unknown, context: unknown) => Promise<unknown>;

/** Nest gives a value, or an Observable where an interceptor or a filter had a say. */
const settled = (result: unknown): unknown =>
  isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result;

/** A generator runs in the context of whoever asks it for the next item, so each of these is asked for in the right one. */
async function* iterateIn<T>(
  inContext: <R>(work: () => R) => R,
  open: () => Promise<AsyncIterable<T>>,
): AsyncGenerator<T, void, undefined> {
  const iterator = (await inContext(open))[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await inContext(() => iterator.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await inContext(() => iterator.return?.());
  }
}
