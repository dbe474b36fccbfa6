import { Bus } from '@muster/bus';
import { type HttpCall, type HttpReader, MOST_HTTP_READERS, type Refusal, refusals, Troubles } from '@muster/contracts';
import { Clock, Ids } from '@muster/service';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Readers } from '../events/readers.js';

/** What is open, and what is new, is told so often; the rest of what is known ten times as seldom. */
const TELL_EVERY_MS = 1_000;
const TELL_AGAIN_MS = 10_000;
/** What is known of an integration is told for so long after it was last seen. */
const KEPT_MS = 24 * 60 * 60 * 1000;
/** There are a hundred at most; beyond twice as many, with revoked ones among them, the one longest away is forgotten. */
const MOST_KNOWN = 200;

interface Who {
  readonly integrationId: string;
  readonly name: string;
}

interface Known {
  seenAt: string;
  seenMs: number;
  lastCall?: HttpCall;
  /** Something was open when it was told last. */
  wasOpen: boolean;
  isNew: boolean;
  toldMs: number;
}

/**
 * What integrations do over HTTP at this gateway: when each was seen, what it reads, how far behind it is, and what was refused to it.
 * Told on the bus for the page. Never a secret.
 */
@Injectable()
export class HttpReadings implements OnApplicationShutdown {
  readonly #log = new Logger('Integrations');
  readonly #gateway: string;
  readonly #known = new Map<string, Known>();
  readonly #troubles = new Troubles();
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly readers: Readers,
    ids: Ids,
  ) {
    this.#gateway = ids.uuid();
    this.#timer = setInterval(() => {
      this.#tell();
    }, TELL_EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer);
  }

  /** It came with its secret. */
  seen(integrationId: string): void {
    this.#see(integrationId);
  }

  /** A call of it for facts was answered, and this is how far it has read. */
  answered(integrationId: string, { address, streams, position, waiting }: HttpReader): void {
    const known = this.#see(integrationId);
    known.lastCall = { address, streams, position, ...(waiting !== undefined && { waiting }), at: known.seenAt };
  }

  /** Something was refused to it. */
  refused(who: Who, { code, message }: Refusal): void {
    // Words for the case may hold numbers, and each number would make a kind of its own.
    this.note(who, `Refused over HTTP: ${code === 'not-permitted' ? message : refusals[code]}`);
  }

  /** Something that whoever manages it should know. The log has each kind once; the page tells how often. */
  note({ integrationId, name }: Who, words: string): void {
    const { seenAt } = this.#see(integrationId);
    if (this.#troubles.note(integrationId, words, seenAt))
      this.#log.warn({ msg: 'An integration was refused something over HTTP, or let go', integrationId, name, words });
  }

  #see(integrationId: string): Known {
    const before = this.#known.get(integrationId) ?? { wasOpen: false, toldMs: -Infinity };
    const known: Known = {
      ...before,
      ...{ seenAt: this.clock.now(), seenMs: this.clock.monotonicMs(), isNew: true },
    };
    this.#known.delete(integrationId);
    this.#known.set(integrationId, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    return known;
  }

  #tell(): void {
    const [now, nowMs] = [this.clock.now(), this.clock.monotonicMs()];
    for (const [integrationId, known] of this.#known) {
      const readers = this.readers.streams.of(integrationId);
      const isOpen = readers.length > 0;
      if (isOpen) Object.assign(known, { seenAt: now, seenMs: nowMs });
      if (nowMs - known.seenMs > KEPT_MS) this.#known.delete(integrationId);
      else if (isOpen || known.wasOpen || known.isNew || nowMs - known.toldMs >= TELL_AGAIN_MS) {
        const { seenAt, lastCall } = known;
        Object.assign(known, { isNew: false, wasOpen: isOpen, toldMs: nowMs });
        this.bus.publishHttpReading({
          ...{ gateway: this.#gateway, integrationId, seenAt, open: readers.length },
          readers: readers.slice(0, MOST_HTTP_READERS),
          ...(lastCall && { lastCall }),
          troubles: this.#troubles.of(integrationId, now),
        });
      }
    }
  }
}
