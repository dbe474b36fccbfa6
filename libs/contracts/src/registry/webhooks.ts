import type { StreamName } from '../bus/streams.js';
import type { Fact } from '../fact.js';
import type { PauseCause, WebhookEvent } from './webhook.events.js';

/** A webhook that is not removed. */
export interface Webhook {
  readonly webhookId: string;
  readonly name: string;
  readonly url: string;
  readonly streams: readonly StreamName[];
  /** None: all. */
  readonly types: readonly string[];
  /** Which secret signs, and since when. */
  readonly secret: { readonly version: number; readonly since: string };
  readonly paused:
    { readonly because: PauseCause; readonly reason: string | undefined; readonly since: string } | undefined;
  /** From where it was ordered last to send; `order` is the version of that fact. `from` undefined: from then on. */
  readonly start: { readonly from: string | undefined; readonly order: number };
  readonly createdAt: string;
  /** When the last fact about it was decided. */
  readonly changedAt: string;
  readonly version: number;
}

/** What a fact makes of a webhook; undefined before the first and after the last. */
export function evolveWebhook(
  before: Webhook | undefined,
  { version, ...event }: WebhookEvent & { readonly version: number },
): Webhook | undefined {
  if (event.type === 'WebhookCreated') {
    const { webhookId, name, url, streams, types, from, at } = event.data;
    const start = { from, order: version };
    const secret = { version: 1, since: at };
    return {
      ...{ webhookId, name, url, streams, types, secret, start, version },
      paused: undefined,
      createdAt: at,
      changedAt: at,
    };
  }
  if (before === undefined) return undefined;
  const { at } = event.data;
  const webhook = { ...before, version, changedAt: at };
  switch (event.type) {
    case 'WebhookChanged': {
      const { name, url, streams, types } = event.data;
      return {
        ...webhook,
        ...(name && { name: name.to }),
        ...(url && { url: url.to }),
        ...(streams && { streams: streams.to }),
        ...(types && { types: types.to }),
      };
    }
    case 'WebhookSecretReplaced':
      return { ...webhook, secret: { version: event.data.secretVersion, since: at } };
    case 'WebhookPaused': {
      const { because, reason } = event.data;
      return { ...webhook, paused: { because, reason, since: at } };
    }
    case 'WebhookResumed':
      return { ...webhook, paused: undefined };
    case 'WebhookReplayOrdered':
      return { ...webhook, start: { from: event.data.from, order: version } };
    case 'WebhookRemoved':
      return undefined;
  }
}

/** Every webhook that is not removed, folded from the facts of the family `webhook` in the order of their positions. */
export class Webhooks {
  readonly #webhooks = new Map<string, Webhook>();
  #position = 0;

  /** Folds one fact in. False when it was folded in before, and then nothing changes. */
  apply(fact: Fact<WebhookEvent>): boolean {
    if (fact.position <= this.#position) return false;
    this.#position = fact.position;
    const { webhookId } = fact.data;
    const webhook = evolveWebhook(this.#webhooks.get(webhookId), fact);
    if (webhook === undefined) this.#webhooks.delete(webhookId);
    else this.#webhooks.set(webhookId, webhook);
    return true;
  }

  byId(webhookId: string): Webhook | undefined {
    return this.#webhooks.get(webhookId);
  }

  /** All, by name. */
  all(): Webhook[] {
    return [...this.#webhooks.values()].sort(
      (one, other) => one.name.localeCompare(other.name) || (one.webhookId < other.webhookId ? -1 : 1),
    );
  }
}
