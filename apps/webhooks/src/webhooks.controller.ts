import { Agent as PlainAgent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import type { Call } from '@muster/bus';
import {
  type ListedWebhook,
  ListWebhooks,
  ReadDeliveries,
  type ReplyOf,
  type RequestOf,
  TestWebhook,
  type Webhook,
  type WebhookDelivery,
} from '@muster/contracts';
import { Answers, Clock, Ids } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { factsBehind } from './behind.js';
import { lastTries, noteTries, readTries } from './deliveries.table.js';
import { type Progress, readProgress } from './places.table.js';
import { eventOf, sendFor } from './sender.js';
import { Senders, type SendersWorld } from './senders.js';

const PART = 20;
export const SENDERS_WORLD = Symbol('what the senders work with');

/** How questions about webhooks are answered. */
@Controller()
export class WebhooksController {
  constructor(
    @Inject(Senders) private readonly senders: Senders,
    @Inject(SENDERS_WORLD) private readonly world: SendersWorld,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Ids) private readonly ids: Ids,
  ) {}

  @Answers(ListWebhooks)
  async *list(): AsyncGenerator<ReplyOf<typeof ListWebhooks>, void, undefined> {
    const all = this.senders.all();
    const progress = new Map((await readProgress(this.world.database)).map((row) => [row.webhook_id, row]));
    for (let first = 0; first < all.length; first += PART) {
      const part = all.slice(first, first + PART);
      const last = await lastTries(
        this.world.database,
        part.map(({ webhookId }) => webhookId),
      );
      const webhooks = part.map(async (webhook) => {
        const { webhookId } = webhook;
        const its = progress.get(webhookId);
        return listedOf(webhook, its, { last: last.get(webhookId), behind: await this.#behind(webhook, its) });
      });
      yield { webhooks: await Promise.all(webhooks) };
    }
  }

  /** Undefined also for one that is to begin somewhere else than where it was, until it has. */
  #behind({ streams, start }: Webhook, progress: Progress | undefined): Promise<number | undefined> | undefined {
    if (progress?.position == null || progress.start_order !== start.order) return undefined;
    return factsBehind(this.world.bus.factLog, streams, progress.position);
  }

  @Answers(ReadDeliveries)
  async deliveries({
    webhookId,
    before,
    limit,
  }: RequestOf<typeof ReadDeliveries>): Promise<ReplyOf<typeof ReadDeliveries>> {
    this.senders.one(webhookId);
    return readTries(this.world.database, webhookId, { before, limit });
  }

  @Answers(TestWebhook)
  async test({ webhookId }: RequestOf<typeof TestWebhook>, { signal }: Call): Promise<ReplyOf<typeof TestWebhook>> {
    const webhook = this.senders.one(webhookId);
    const messageId = this.ids.uuid();
    const at = this.clock.now();
    const body = eventOf('muster.webhook.test', { messageId, webhookId, at }, { words: 'Muster reaches you' });
    const agent = new (webhook.url.toLowerCase().startsWith('https:') ? TlsAgent : PlainAgent)();
    const startedMs = this.clock.monotonicMs();
    try {
      const sent = await sendFor(webhook, { messageId, body }, { ...this.world, agent, signal });
      const tookMs = this.clock.monotonicMs() - startedMs;
      const tried = { messageId, type: 'test', position: '', attempt: 1, ...sent, tookMs, at };
      const [noted] = await noteTries(this.world.database, webhookId, [tried]);
      if (noted === undefined) throw new Error('The try was not written down');
      return noted;
    } finally {
      agent.destroy();
    }
  }
}

function listedOf(
  webhook: Webhook,
  progress: Progress | undefined,
  { last, behind }: { readonly last: WebhookDelivery | undefined; readonly behind: number | undefined },
): ListedWebhook {
  const { webhookId, name, url, streams, types, secret, paused, createdAt, version } = webhook;
  const failing = paused === undefined && progress?.failing_since;
  return {
    ...{ webhookId, name, url, streams: [...streams], types: [...types], createdAt, version },
    secretSince: secret.since,
    state: paused !== undefined ? 'paused' : failing ? 'failing' : 'active',
    ...(paused && {
      paused: {
        because: paused.because,
        since: paused.since,
        ...(paused.reason !== undefined && { reason: paused.reason }),
      },
    }),
    ...(progress?.position && { position: progress.position }),
    ...(behind !== undefined && { behind }),
    ...(last !== undefined && { last }),
    ...(progress?.failing_since && { failingSince: progress.failing_since.toISOString() }),
    ...(progress?.last_delivered_at && { lastDeliveredAt: progress.last_delivered_at.toISOString() }),
  };
}
