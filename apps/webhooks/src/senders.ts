import { AskOutage, Bus, type Following } from '@muster/bus';
import {
  type Caller,
  factFamilies,
  Outage,
  PauseFailingWebhook,
  Refusal,
  type Webhook,
  Webhooks,
} from '@muster/contracts';
import type { Clock, Ids, Resolver } from '@muster/service';
import type { DataSource } from 'typeorm';
import { forgetOthers, forgetTries, noteTries } from './deliveries.table.js';
import { claim, type Held, keepPlace, LEASE_MS, release, renew } from './places.table.js';
import { Sender } from './sender.js';

export interface SendersWorld {
  readonly database: DataSource;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly resolver: Resolver;
  readonly secret: string;
  readonly giveUpAfterMs: number;
  readonly onProblem: (words: string, error: unknown) => void;
}

interface Holding {
  readonly webhook: Webhook;
  readonly token: string;
  readonly sender: Sender;
  /** By this process's own clock, with room for the database's. */
  untilMs: number;
}

const TURN_MS = 1_000;
const RENEW_EVERY_MS = 3_000;
const MARGIN_MS = 2_000;
const TIDY_EVERY_MS = 10 * 60_000;

/**
 * Which webhooks this process sends for: each that nobody else holds. A lease in Postgres with a token keeps two processes from
 * sending for one at a time; with the database away the leases run out, and nothing is sent until it is back.
 */
export class Senders {
  readonly #webhooks = new Webhooks();
  readonly #held = new Map<string, Holding>();
  readonly #holder: string;
  #following: Following | undefined;
  #isKnown = false;
  #timer: NodeJS.Timeout | undefined;
  #turning: Promise<void> = Promise.resolve();
  #stopped = false;
  #tidyAtMs: number;
  #renewAtMs = 0;

  constructor(private readonly world: SendersWorld) {
    this.#holder = world.ids.uuid();
    this.#tidyAtMs = world.clock.monotonicMs() + TIDY_EVERY_MS;
  }

  async start(): Promise<void> {
    this.#following = await this.world.bus.followFacts([factFamilies.webhook], (fact) => {
      if (this.#webhooks.apply(fact)) this.#soon();
    });
    void this.#following.caughtUp.then(() => {
      this.#isKnown = true;
      this.#soon();
    });
    this.#schedule();
  }

  /** All that are not removed. Throws an Outage while they are not known yet. */
  all(): Webhook[] {
    if (!this.#isKnown) throw new Outage('webhooks', 'The webhooks are not known yet');
    return this.#webhooks.all();
  }

  /** Throws the Refusal `webhook-unknown`. */
  one(webhookId: string): Webhook {
    if (!this.#isKnown) throw new Outage('webhooks', 'The webhooks are not known yet');
    const webhook = this.#webhooks.byId(webhookId);
    if (webhook === undefined) throw new Refusal('webhook-unknown');
    return webhook;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#following?.stop();
    await this.#turning;
    await Promise.all([...this.#held.values()].map((holding) => this.#letGo(holding)));
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => this.#soon(), TURN_MS);
  }

  #soon(): void {
    this.#turning = this.#turning
      .then(() => this.#turn())
      .catch((error: unknown) => {
        if (!(error instanceof Outage)) this.world.onProblem('The webhooks could not be looked at', error);
      })
      .finally(() => {
        this.#schedule();
      });
  }

  async #turn(): Promise<void> {
    if (this.#stopped || !this.#isKnown) return;
    const nowMs = this.world.clock.monotonicMs();
    for (const holding of this.#held.values())
      if (nowMs >= holding.untilMs || isOther(holding.webhook, this.#webhooks.byId(holding.webhook.webhookId)))
        await this.#letGo(holding);
    if (nowMs >= this.#renewAtMs) await this.#renew();
    for (const webhook of this.#webhooks.all())
      if (webhook.paused === undefined && !this.#held.has(webhook.webhookId)) await this.#take(webhook);
    if (nowMs >= this.#tidyAtMs) await this.#tidy(nowMs);
  }

  async #renew(): Promise<void> {
    const { database, clock } = this.world;
    this.#renewAtMs = clock.monotonicMs() + RENEW_EVERY_MS;
    for (const holding of this.#held.values()) {
      // Counted from before the question: the lease cannot begin earlier than it was asked for.
      const askedMs = clock.monotonicMs();
      if (await renew(database, holding.webhook.webhookId, this.#holder, holding.token))
        holding.untilMs = askedMs + LEASE_MS - MARGIN_MS;
      else await this.#letGo(holding);
    }
  }

  async #take(webhook: Webhook): Promise<void> {
    const { database, clock } = this.world;
    const { webhookId, start } = webhook;
    const askedMs = clock.monotonicMs();
    const held = await claim(database, webhookId, this.#holder);
    if (held === undefined) return;
    const isOrderedAnew = held.startOrder !== start.order;
    // Whoever changed or resumed it gives the receiver all the time again.
    const failingSince = (held.failingSince ?? '') > webhook.changedAt ? held.failingSince : undefined;
    const position = isOrderedAnew ? undefined : held.position;
    const from = { position, done: isOrderedAnew ? [] : held.done, failingSince };
    const sender = new Sender(webhook, from, this.#senderWorld(webhook, held));
    this.#held.set(webhookId, { webhook, token: held.token, sender, untilMs: askedMs + LEASE_MS - MARGIN_MS });
  }

  #senderWorld({ webhookId }: Webhook, { token }: Held): ConstructorParameters<typeof Sender>[2] {
    const { database, bus, ids } = this.world;
    const { clock, resolver, secret, giveUpAfterMs, onProblem } = this.world;
    const caller = (): Caller => ({
      actor: { kind: 'gateway', id: 'webhooks', name: 'Webhooks' },
      permissions: [],
      commandId: ids.uuid(),
      correlationId: ids.uuid(),
    });
    return {
      ...{ bus, clock, ids, resolver, secret, giveUpAfterMs, onProblem },
      keep: (place) => keepPlace(database, webhookId, token, place),
      note: (tries) => noteTries(database, webhookId, tries),
      pause: async (because, reason) => {
        await bus.ask(PauseFailingWebhook, { webhookId, because, reason }, caller());
      },
    };
  }

  async #letGo(holding: Holding): Promise<void> {
    const { webhookId } = holding.webhook;
    this.#held.delete(webhookId);
    await holding.sender.stop();
    await release(this.world.database, webhookId, this.#holder, holding.token).catch((error: unknown) => {
      if (!(error instanceof Outage || error instanceof AskOutage))
        this.world.onProblem('A webhook could not be let go', error);
    });
  }

  async #tidy(nowMs: number): Promise<void> {
    this.#tidyAtMs = nowMs + TIDY_EVERY_MS;
    const { database } = this.world;
    const webhooks = this.#webhooks.all();
    await forgetOthers(
      database,
      webhooks.map(({ webhookId }) => webhookId),
    );
    for (const { webhookId } of webhooks) await forgetTries(database, webhookId);
  }
}

/** Whether what is sent, where or from where, is another by now. */
const isOther = (before: Webhook, now: Webhook | undefined): boolean =>
  now === undefined || now.version !== before.version;
