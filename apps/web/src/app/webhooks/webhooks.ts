import { Component, computed, inject, signal } from '@angular/core';
import { type ListedWebhook, routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import { IntegrationTabs } from '../integrations/integration-tabs.js';
import { Clock } from '../live/clock.js';
import { lastOf } from '../live/remote.js';
import { Session } from '../session/session.js';
import { moment, span, took } from '../ui/format.js';
import { DeliveryLog } from './delivery-log.js';
import { WebhookDialogs } from './webhook-dialogs.js';
import { behindWords, hostOf, outcomeWords, sendsWords, stateTitles, troubleWords } from './webhook-words.js';
import { WebhooksStore } from './webhooks-store.js';

/** How a test ended, beside the webhook that it was for. */
interface Tested {
  readonly webhookId: string;
  /** Undefined while it is under way. */
  readonly words?: string;
  readonly bad?: boolean;
}

/** Every address that facts are sent to: what is sent, how far it is, and what was tried. */
@Component({
  selector: 'app-webhooks',
  imports: [DeliveryLog, IntegrationTabs],
  providers: [WebhooksStore],
  templateUrl: './webhooks.html',
  styleUrl: './webhooks.css',
})
export class Webhooks {
  readonly #api = inject(Api);
  readonly #session = inject(Session);
  readonly #clock = inject(Clock);
  protected readonly dialogs = inject(WebhookDialogs);
  protected readonly store = inject(WebhooksStore);

  protected readonly may = computed(() => this.#session.may('integrations:manage'));
  /** Whose deliveries are looked at. */
  protected readonly open = signal<string | undefined>(undefined);
  protected readonly tested = signal<Tested | undefined>(undefined);
  protected readonly rows = computed(() => {
    const now = this.#clock.now();
    return lastOf(this.store.view())?.map((webhook) => {
      const { lastDeliveredAt, state, url } = webhook;
      return {
        webhook,
        state: stateTitles[state],
        host: hostOf(url),
        sends: sendsWords(webhook),
        trouble: troubleWords(webhook, now),
        taken:
          lastDeliveredAt === undefined ? 'Nothing taken yet' : `Taken ${span(now - Date.parse(lastDeliveredAt))} ago`,
        takenAt: lastDeliveredAt === undefined ? '' : moment(lastDeliveredAt, now),
        last: webhook.last && `last ${webhook.last.type === 'test' ? 'test' : 'try'}: ${outcomeWords(webhook.last)}`,
        lastFailed: webhook.last !== undefined && webhook.last.outcome !== 'delivered',
        behind: behindWords(webhook),
        isBehind: (webhook.behind ?? 0) > 0,
      };
    });
  });

  protected toggle(webhookId: string): void {
    this.open.update((open) => (open === webhookId ? undefined : webhookId));
  }

  protected async test({ webhookId }: ListedWebhook): Promise<void> {
    const before = this.tested();
    if (before !== undefined && before.words === undefined) return;
    this.tested.set({ webhookId });
    const answer = await this.#api.call(routes.testWebhook, { params: { webhookId } });
    const words = answer.ok
      ? `Test: ${outcomeWords(answer.value)}, in ${took(answer.value.tookMs)}`
      : answer.failure.words;
    this.tested.set({ webhookId, words, bad: !answer.ok || answer.value.outcome !== 'delivered' });
  }

  /** Its log is closed before: there is nothing to read any more. */
  protected async remove(webhook: ListedWebhook): Promise<void> {
    this.open.update((open) => (open === webhook.webhookId ? undefined : open));
    await this.then(this.dialogs.remove(webhook));
  }

  protected async then(changed: Promise<boolean>): Promise<void> {
    if (await changed) await this.store.read();
  }
}
