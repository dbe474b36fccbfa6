import { randomUUID } from 'node:crypto';
import { type Bus, connectBus, type Outlet } from '@muster/bus';
import {
  type Caller,
  Figures,
  GatewayStart,
  NodeState,
  type Order,
  type Permission,
  type ReplyOf,
  type RequestEvent,
  type RequestOf,
  RequestsChanged,
  toRequestMessage,
} from '@muster/contracts';
import { type RunningService, startService } from '@muster/service';
import { type TestDatabase, testDatabase, type TestNats, testNats, until } from '@muster/testing';
import { stats } from './stats.js';

export const within30 = { withinMs: 30_000 };

/** What every service of this process has logged: all share the logger of the first one. */
const lines: string[] = [];

/** Stats as it runs, on a real database and bus, with what routers, monitors and the gateway would say said by hand. */
export class Stage {
  figures: Figures | undefined;
  readonly live: RequestsChanged[] = [];
  readonly #before = lines.length;
  readonly #running = new Set<RunningService>();
  readonly #pulses: NodeJS.Timeout[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly nats: TestNats,
    readonly bus: Bus,
    private readonly outlet: Outlet,
  ) {}

  static async open(): Promise<Stage> {
    const [database, nats] = await Promise.all([testDatabase(), testNats()]);
    const bus = await connectBus({ servers: nats.url, name: 'test' });
    await bus.assertStreams();
    const stage = new Stage(database, nats, bus, bus.outlet());
    bus.bucket('FIGURES', Figures).watch((change) => {
      stage.figures = change.change === 'put' ? change.value : undefined;
    });
    bus.onRequests((changed) => {
      stage.live.push(changed);
    });
    return stage;
  }

  /** What was logged since the stage was opened. */
  get log(): readonly string[] {
    return lines.slice(this.#before);
  }

  env(): Record<string, string> {
    return { DATABASE_URL: this.database.url, NATS_URL: this.nats.url, LOG_LEVEL: 'debug', PORT: '0' };
  }

  async start(): Promise<RunningService> {
    const logTo = { write: (line: string) => void lines.push(line) };
    const service = await startService(stats, { env: this.env(), logTo });
    this.#running.add(service);
    return service;
  }

  async stop(service: RunningService): Promise<void> {
    this.#running.delete(service);
    await service.stop();
  }

  /** Tells facts as a router does, in their order; resolves when the stream has them. */
  async tell(events: readonly RequestEvent[]): Promise<void> {
    let left = events.map(toRequestMessage);
    while (left.length > 0) {
      const sent = await Promise.all(
        left.map((message) => new Promise<boolean>((resolve) => this.outlet.send(message, resolve))),
      );
      left = left.filter((_, at) => sent[at] !== true);
      if (left.length > 0) await until(() => this.bus.state === 'up', undefined, within30);
    }
  }

  /** A router says once a second that it is there, until that is ended. */
  pulse(router: string, inFlight = 1): () => void {
    let seq = 0;
    const say = () => {
      seq += 1;
      const counts = { accepted: 0, finished: 0, inFlight, queued: 0, turnedAway: 0, factsWaiting: 0, factsLost: 0 };
      this.bus.publishRouterPulse({ router, seq, ...counts, executors: [] });
    };
    say();
    const timer = setInterval(say, 500);
    this.#pulses.push(timer);
    return () => {
      clearInterval(timer);
    };
  }

  /** A node that is connected, with one executor of so many slots. */
  async connect(nodeId: string, slots: number): Promise<void> {
    const at = '2026-11-23T12:00:00.000Z';
    await this.bus.bucket('NODES', NodeState).put(nodeId, {
      ...{ nodeId, monitorId: 'm', token: 1 },
      status: { colour: 'green', reason: 'healthy', words: 'Healthy', clears: '', since: at },
      link: { phase: 'up', since: at, frames: 'in-time' },
      executors: [{ executorId: 'one', model: 'tiny', state: 'online', slots, inFlight: 0, queued: 0 }],
    });
  }

  /** The Gateway starts, at that time. */
  async gatewayStarts(at: string): Promise<void> {
    await this.bus.bucket('GATEWAY', GatewayStart).put('gateway', { run: randomUUID(), at });
  }

  ask<O extends Order & { answers: 'once' }>(
    order: O,
    request: RequestOf<O>,
    permissions: readonly Permission[] = ['fleet:view'],
  ): Promise<ReplyOf<O>> {
    const caller: Caller = {
      actor: { kind: 'account', id: randomUUID(), name: 'ann' },
      permissions: [...permissions],
      commandId: randomUUID(),
      correlationId: randomUUID(),
    };
    return this.bus.ask(order, request as never, caller);
  }

  /** The figures as soon as they are so. */
  sees(holds: (figures: Figures) => boolean): Promise<Figures> {
    return until(
      () => this.figures,
      (figures) => figures !== undefined && holds(figures),
      within30,
    ) as Promise<Figures>;
  }

  async close(): Promise<void> {
    for (const pulse of this.#pulses) clearInterval(pulse);
    await Promise.all([...this.#running].map((service) => this.stop(service)));
    await this.outlet.stop();
    await this.bus.close({ finishMs: 100 });
    await Promise.all([this.database.drop(), this.nats.stop()]);
  }
}
