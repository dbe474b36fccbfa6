import { webhookSecret } from '@muster/bus';
import { factFamilies, type FactMeta, Refusal, type WebhookEvent } from '@muster/contracts';
import { type EventStore, handlerFor } from '@muster/event-store';
import type { Clock } from '@muster/service';
import type { EntityManager } from 'typeorm';
import { JustMade } from '../api-keys/key-text.js';
import { type WebhookCommand, webhookDecider } from './webhook.decider.js';

type Command<Type extends WebhookCommand['type']> = Omit<Extract<WebhookCommand, { type: Type }>, 'type' | 'at'>;

/** The most webhooks there may be that are not removed. */
export const MAX_WEBHOOKS = 100;
/** Any number will do, as long as nobody else in this database locks by it. */
const WEBHOOKS_LOCK = 4_127_004;

/** The webhooks: made, changed, paused, resumed, replayed and removed by order. Their secrets are derived, and stored nowhere. */
export class Webhooks {
  readonly #handle;
  readonly #justMade = new JustMade();

  constructor(
    store: EventStore,
    private readonly clock: Clock,
    private readonly secret: string,
  ) {
    this.#handle = handlerFor(store, factFamilies.webhook, webhookDecider);
  }

  /** Makes a webhook and gives its secret out, this once: see Integrations.create. */
  create(command: Command<'create'>, meta: FactMeta): Promise<{ secret: string; version: number }> {
    return this.#withSecret({ type: 'create', ...command, at: this.clock.now() }, meta, undefined);
  }

  /** Another secret, given out likewise. */
  replaceSecret(
    command: Command<'replace-secret'>,
    meta: FactMeta,
    expectedVersion: number | undefined,
  ): Promise<{ secret: string; version: number }> {
    return this.#withSecret({ type: 'replace-secret', ...command, at: this.clock.now() }, meta, expectedVersion);
  }

  /** Everything else. Refuses with `version-conflict` when it was changed since `expectedVersion`. */
  async order(
    command: Command<'change' | 'pause' | 'resume' | 'replay' | 'remove'> & Pick<WebhookCommand, 'type'>,
    meta: FactMeta,
    expectedVersion: number | undefined,
  ): Promise<{ version: number }> {
    const order = { ...command, at: this.clock.now() } as WebhookCommand;
    const { version } = await this.#handle(command.webhookId, order, meta, {
      ...(expectedVersion !== undefined && { expectedVersion }),
    });
    return { version };
  }

  async #withSecret(
    command: Extract<WebhookCommand, { type: 'create' | 'replace-secret' }>,
    meta: FactMeta,
    expectedVersion: number | undefined,
  ): Promise<{ secret: string; version: number }> {
    const orderId = `${meta.actor.kind} ${meta.actor.id} ${meta.commandId}`;
    let isFirst = false;
    const { version, facts } = await this.#handle(command.webhookId, command, meta, {
      // Runs where the facts are appended, and not for an order that was carried out before.
      within: async (tx, decided) => {
        isFirst = true;
        await keepRoom(decided, tx);
      },
      ...(expectedVersion !== undefined && { expectedVersion }),
    });
    const [fact] = facts;
    const nowMs = this.clock.monotonicMs();
    if (isFirst && fact !== undefined) {
      const secretVersion = fact.type === 'WebhookSecretReplaced' ? fact.data.secretVersion : 1;
      const made = webhookSecret(this.secret, command.webhookId, secretVersion);
      this.#justMade.keep(orderId, made, nowMs);
      return { secret: made, version };
    }
    const before = this.#justMade.get(orderId, nowMs);
    if (before === undefined) throw new Refusal('secret-shown-once');
    return { secret: before, version };
  }
}

async function keepRoom(decided: readonly WebhookEvent[], tx: EntityManager): Promise<void> {
  if (!decided.some(({ type }) => type === 'WebhookCreated')) return;
  await tx.query('select pg_advisory_xact_lock($1)', [WEBHOOKS_LOCK]);
  const [row] = await tx.query<{ count: string }[]>(
    `select count(*) filter (where type = 'WebhookCreated') - count(*) filter (where type = 'WebhookRemoved') as count
       from events where type in ('WebhookCreated', 'WebhookRemoved')`,
  );
  // The one that is being made may or may not be among them: it is appended in this same transaction.
  const own = await tx.query<unknown[]>('select 1 from events where stream_id = $1', [
    `webhook-${decided[0]?.data.webhookId}`,
  ]);
  if (Number(row?.count) - own.length >= MAX_WEBHOOKS) throw new Refusal('too-many-webhooks');
}
