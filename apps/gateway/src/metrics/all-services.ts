import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Bus } from '@muster/bus';
import { Outage, ReadServiceMetrics, type ServiceMetrics } from '@muster/contracts';
import { Clock, type Family, familyOf, Ids, Instance, labelled, Metrics, readFamilies } from '@muster/service';
import { Injectable } from '@nestjs/common';
import { gatewayCaller } from '../doors/callers.js';

const unzipped = promisify(gunzip);

/** What one process may say of itself. */
const MOST_BYTES = 16 * 1024 * 1024;
/** A process that has not answered for so long is gone, and not missed any more. */
const MISSED_FOR_MS = 5 * 60_000;
/** Processes that are kept in mind; of more the one not heard for longest is forgotten. */
const MOST_PROCESSES = 1_000;

/** Of these there is one at least: where none answers, that is told. */
const EXPECTED = ['registry', 'monitor', 'stats', 'router', 'gateway', 'webhooks'] as const;

interface Known {
  readonly service: string;
  readonly instance: string;
  heardMs: number;
}

/** Asks every process of every service what it measures, for one page. Whoever does not answer within a second is told as away. */
@Injectable()
export class AllServices {
  readonly #known = new Map<string, Known>();

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly self: Instance,
    private readonly metrics: Metrics,
  ) {}

  /** A list of families for each process that answered, with `service` and `instance` before their labels; and who is there. */
  async read(): Promise<Family[][]> {
    const answers = new Map<string, readonly Family[]>();
    const take = async ({ service, instance, gzipped }: ServiceMetrics): Promise<void> => {
      const families = readFamilies(
        (await unzipped(Buffer.from(gzipped, 'base64'), { maxOutputLength: MOST_BYTES })).toString(),
      );
      answers.set(this.#heard(service, instance), families);
    };
    answers.set(this.#heard(this.self.service, this.self.id), await this.metrics.told());
    await this.#ask(take, () => this.#waited().every((name) => answers.has(name)));
    return [...this.#tellEach(answers)];
  }

  /** Resolves when everybody who was there before has answered, at the latest at the deadline. */
  async #ask(take: (reply: ServiceMetrics) => Promise<void>, isWhole: () => boolean): Promise<void> {
    const expected = new Promise<void>((resolve) => {
      const asked = this.bus.askEverybody(
        ReadServiceMetrics,
        {},
        gatewayCaller(this.ids.uuid(), this.ids.uuid()),
        (reply) => {
          // What one process says wrongly is its own: it counts as one that did not answer.
          take(reply).then(
            () => {
              if (isWhole()) resolve();
            },
            () => undefined,
          );
        },
      );
      asked.then(resolve, (error: unknown) => {
        // Without the bus nobody else can be asked.
        if (!(error instanceof Outage)) throw error;
        resolve();
      });
    });
    await expected;
  }

  *#tellEach(answers: ReadonlyMap<string, readonly Family[]>): Generator<Family[]> {
    const nowMs = this.clock.monotonicMs();
    const there = [...this.#known].map(([name, { service, instance }]) => ({
      value: answers.has(name) ? 1 : 0,
      labels: { service, instance },
    }));
    const missing = EXPECTED.filter((service) => !there.some(({ labels }) => labels.service === service));
    yield [
      familyOf('muster_service_up', 'gauge', 'Whether a process of a service answers', [
        ...there,
        ...missing.map((service) => ({ value: 0, labels: { service, instance: '' } })),
      ]),
    ];
    for (const [name, families] of answers) {
      const known = this.#known.get(name);
      if (known === undefined) continue;
      const { service, instance } = known;
      yield families.map((family) => labelled(family, { service, instance }));
    }
    for (const [name, { heardMs }] of this.#known) if (nowMs - heardMs > MISSED_FOR_MS) this.#known.delete(name);
  }

  /** Who has to answer before it is known that all have: those known, and one of each that is expected. */
  #waited(): string[] {
    const services = new Set([...this.#known.values()].map(({ service }) => service));
    return [...this.#known.keys(), ...EXPECTED.filter((service) => !services.has(service))];
  }

  #heard(service: string, instance: string): string {
    const name = `${service} ${instance}`;
    this.#known.delete(name);
    this.#known.set(name, { service, instance, heardMs: this.clock.monotonicMs() });
    const [longest] = this.#known.keys();
    if (this.#known.size > MOST_PROCESSES && longest !== undefined) this.#known.delete(longest);
    return name;
  }
}
