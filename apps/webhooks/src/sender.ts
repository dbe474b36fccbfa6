import { Agent as PlainAgent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { type Bus, FactReader, fullJitter, type ReadFact, sleep, webhookSecret } from '@muster/bus';
import {
  type Missed,
  Outage,
  type PauseCause,
  readPosition,
  Refusal,
  type Webhook,
  type WebhookDelivery,
} from '@muster/contracts';
import type { Clock, Ids, Resolver } from '@muster/service';
import { Backlog, type Item } from './backlog.js';
import { type Message, send } from './send.js';

/** What is read ahead of what is delivered; when the oldest of so many waits, all wait. */
export const MOST_AHEAD = 1_000;
/** Calls to one receiver at once. */
const CALLS_AT_ONCE = 8;
const AGAIN = { floorMs: 500, baseMs: 1_000, capMs: 15 * 60_000 };
const AFTER_OUTAGE = { floorMs: 200, baseMs: 500, capMs: 15_000 };
const KEEP_EVERY_MS = 500;
const WAIT_MS = 5_000;
/** What is sent is signed with the former secret as well for so long after it was replaced. */
const FORMER_HOLDS_MS = 24 * 60 * 60_000;

export interface SenderWorld {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly resolver: Resolver;
  /** The installation's own. */
  readonly secret: string;
  readonly giveUpAfterMs: number;
  /** Keeps the place; false when somebody else sends by now. */
  keep(place: KeptPlace): Promise<boolean>;
  note(tries: readonly Omit<WebhookDelivery, 'n'>[]): Promise<unknown>;
  pause(because: PauseCause, reason: string): Promise<void>;
  onProblem(words: string, error: unknown): void;
}

export interface KeptPlace {
  readonly position: string | undefined;
  readonly done: readonly string[];
  readonly startOrder: number;
  readonly failingSince: string | undefined;
  readonly deliveredAt: string | undefined;
}

interface Due extends Item, Message {
  readonly type: string;
  attempt: number;
}

/** Sends for one webhook as long as this process holds it: order within a node, retries, and the place of it all. */
export class Sender {
  readonly #stopping = new AbortController();
  readonly #agent;
  readonly #running: Promise<void>;
  #backlog = new Backlog<Due>('', MOST_AHEAD);
  #calls = 0;
  #wake: () => void = () => undefined;
  #failingSince: string | undefined;
  #deliveredAt: string | undefined;
  #tries: Omit<WebhookDelivery, 'n'>[] = [];
  #kept = '';
  #lastFailure = '';
  #pausing = false;
  /** What was delivered beyond the position, before this process took over. */
  readonly #done: Set<string>;

  constructor(
    readonly webhook: Webhook,
    private readonly from: {
      readonly position: string | undefined;
      readonly done: readonly string[];
      readonly failingSince: string | undefined;
    },
    private readonly world: SenderWorld,
  ) {
    this.#failingSince = from.failingSince;
    this.#done = new Set(from.done);
    const Agent = webhook.url.toLowerCase().startsWith('https:') ? TlsAgent : PlainAgent;
    this.#agent = new Agent({ keepAlive: true, maxSockets: CALLS_AT_ONCE, timeout: 30_000 });
    this.#running = this.#run();
  }

  /** Ends what is under way, which is sent again later, and keeps the place. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const reader = await this.#opened();
    if (reader === undefined) return;
    this.#backlog = new Backlog(reader.position, MOST_AHEAD);
    const keeping = this.#keepOnAndOn();
    try {
      for (let failures = 0; !signal.aborted;) {
        try {
          await this.#readAndSend(reader);
          failures = 0;
        } catch (error) {
          failures += 1;
          this.#tell('cannot go on', error);
          await sleep(fullJitter(failures, AFTER_OUTAGE), signal);
        }
      }
    } finally {
      reader.close();
      await keeping;
      this.#agent.destroy();
    }
  }

  /** Undefined when it was stopped before the bus was there. */
  async #opened(): Promise<FactReader | undefined> {
    const { signal } = this.#stopping;
    for (let failures = 1; !signal.aborted; failures += 1)
      try {
        return await this.#open(this.from.position ?? this.webhook.start.from);
      } catch (error) {
        this.#tell('cannot begin', error);
        await sleep(fullJitter(failures, AFTER_OUTAGE), signal);
      }
    return undefined;
  }

  async #readAndSend(reader: FactReader): Promise<void> {
    const { signal } = this.#stopping;
    for (const missed of reader.takeMissed()) this.#backlog.add(this.#gap(missed, reader.position), false);
    const { free } = this.#backlog;
    const facts = free === 0 ? [] : await reader.next(free);
    for (const fact of facts) this.#backlog.add(dueOf(fact), this.#done.delete(markOf(fact)) || !this.#isWanted(fact));
    if (facts.length === 0) this.#backlog.reached(reader.position);
    this.#sendReady();
    if (facts.length > 0 && this.#backlog.free > 0) return;
    const over = new AbortController();
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    const either = AbortSignal.any([signal, over.signal]);
    await Promise.race([woken, free === 0 ? sleep(WAIT_MS, either) : reader.grown(WAIT_MS, either)]);
    over.abort();
  }

  #tell(what: string, error: unknown): void {
    if (!(error instanceof Outage)) this.world.onProblem(`The webhook ${this.webhook.name} ${what}`, error);
  }

  /** From the position, with the streams that were chosen since from now on. A position that nobody can read begins anew. */
  async #open(from: string | undefined): Promise<FactReader> {
    const { streams } = this.webhook;
    const log = this.world.bus.factLog;
    if (from === undefined || from === 'now') return FactReader.open(log, streams, 'now');
    if (from === 'start' || from === '0') return FactReader.open(log, streams, 'start');
    const position = { ...readPosition(from) };
    const unknown = streams.filter((stream) => position[stream] === undefined);
    if (unknown.length > 0) {
      const now = await FactReader.open(log, unknown, 'now');
      Object.assign(position, readPosition(now.position));
      now.close();
    }
    try {
      return await FactReader.open(log, streams, position);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.world.onProblem(
        `The webhook ${this.webhook.name} stands at a position that is none; it goes on from now`,
        error,
      );
      return FactReader.open(log, streams, 'now');
    }
  }

  #isWanted({ type }: ReadFact): boolean {
    const { types } = this.webhook;
    return types.length === 0 || types.includes(type);
  }

  /** The receiver is told what it will never be sent. */
  #gap(missed: Missed, position: string): Due {
    const { clock, ids } = this.world;
    const messageId = ids.uuid();
    const body = eventOf(
      'muster.webhook.gap',
      { messageId, webhookId: this.webhook.webhookId, at: clock.now() },
      missed,
    );
    return { key: 'gap', position, mark: `gap:${messageId}`, messageId, body, type: 'gap', attempt: 0 };
  }

  #sendReady(): void {
    while (this.#calls < CALLS_AT_ONCE && !this.#stopping.signal.aborted && !this.#pausing) {
      const due = this.#backlog.take();
      if (due === undefined) return;
      this.#calls += 1;
      const backlog = this.#backlog;
      void this.#try(due)
        .then((delivered) => {
          if (delivered) backlog.delivered(due);
          else void this.#later(due, backlog);
        })
        .catch((error: unknown) => {
          this.world.onProblem(`The webhook ${this.webhook.name} could not be sent for`, error);
          void this.#later(due, backlog);
        })
        .finally(() => {
          this.#calls -= 1;
          this.#sendReady();
          this.#wake();
        });
    }
  }

  async #later(due: Due, backlog: Backlog<Due>): Promise<void> {
    await sleep(fullJitter(due.attempt, AGAIN), this.#stopping.signal);
    backlog.again(due);
    this.#sendReady();
  }

  async #try(due: Due): Promise<boolean> {
    const { clock } = this.world;
    const { signal } = this.#stopping;
    due.attempt += 1;
    const startedMs = clock.monotonicMs();
    const at = clock.now();
    const sent = await sendFor(this.webhook, due, { ...this.world, agent: this.#agent, signal });
    if (signal.aborted && sent.outcome !== 'delivered') return false;
    const { messageId, type, position, attempt } = due;
    const outcome = type === 'gap' && sent.outcome === 'delivered' ? 'missed' : sent.outcome;
    const tookMs = clock.monotonicMs() - startedMs;
    this.#tries.push({ messageId, type, position, attempt, ...sent, outcome, tookMs, at });
    if (sent.outcome === 'delivered') {
      this.#failingSince = undefined;
      this.#deliveredAt = at;
      return true;
    }
    this.#failingSince ??= at;
    this.#lastFailure = sent.status === undefined ? sent.outcome : `${sent.outcome} with ${sent.status}`;
    if (sent.status === 410) void this.#pause('gone', this.#lastFailure);
    else if (Date.parse(at) - Date.parse(this.#failingSince) > this.world.giveUpAfterMs)
      void this.#pause('failing', `${this.#lastFailure}; nothing was taken since ${this.#failingSince}`);
    return false;
  }

  async #pause(because: PauseCause, reason: string): Promise<void> {
    if (this.#pausing) return;
    this.#pausing = true;
    try {
      await this.world.pause(because, reason);
    } catch (error) {
      this.#pausing = false;
      this.#tell('could not be paused', error);
    }
  }

  async #keepOnAndOn(): Promise<void> {
    const { signal } = this.#stopping;
    for (let isLast = false; !isLast; await sleep(KEEP_EVERY_MS, signal)) {
      isLast = signal.aborted;
      try {
        await this.#keep();
      } catch (error) {
        this.#tell('could not keep its place', error);
      }
    }
  }

  async #keep(): Promise<void> {
    const { position } = this.#backlog;
    const done = [...this.#backlog.done, ...this.#done];
    const place: KeptPlace = {
      ...{ position: position === '' ? undefined : position, done, startOrder: this.webhook.start.order },
      ...{ failingSince: this.#failingSince, deliveredAt: this.#deliveredAt },
    };
    const text = JSON.stringify(place);
    if (text !== this.#kept && place.position !== undefined) {
      if (!(await this.world.keep(place))) this.#stopping.abort();
      this.#kept = text;
    }
    const tries = this.#tries.splice(0);
    if (tries.length > 0)
      await this.world.note(tries).catch((error: unknown) => {
        this.#tries.unshift(...tries.slice(-MOST_AHEAD));
        throw error;
      });
  }
}

/** Signs and sends one message of a webhook, once. */
export function sendFor(
  webhook: Webhook,
  message: Message,
  {
    clock,
    secret,
    ...rest
  }: Pick<SenderWorld, 'clock' | 'secret' | 'resolver'> & { agent: PlainAgent; signal: AbortSignal },
) {
  const { webhookId, url, secret: present } = webhook;
  const nowMs = Date.parse(clock.now());
  const versions = [present.version];
  if (present.version > 1 && nowMs - Date.parse(present.since) < FORMER_HOLDS_MS) versions.push(present.version - 1);
  const secrets = versions.map((version) => webhookSecret(secret, webhookId, version));
  const { resolver, agent, signal } = rest;
  return send(message, { url, secrets, resolver, agent, signal, seconds: Math.floor(nowMs / 1_000) });
}

/** An event of the webhook's own, for its receiver. */
export const eventOf = (
  type: string,
  { messageId, webhookId, at }: { messageId: string; webhookId: string; at: string },
  data: object,
): string =>
  JSON.stringify({
    ...{ specversion: '1.0', id: messageId, type, source: '/muster/webhooks', subject: webhookId, time: at },
    ...{ datacontenttype: 'application/json', data },
  });

const markOf = ({ stream, at }: ReadFact): string => `${stream}:${at}`;

/** A message's name is part of what is signed, with dots between the parts: there is none in it. */
const dueOf = (fact: ReadFact): Due => ({
  key: fact.about,
  position: fact.position,
  mark: markOf(fact),
  messageId: fact.id.replaceAll('.', '_'),
  body: fact.json,
  type: fact.type,
  attempt: 0,
});
