import {
  type Decider,
  type PauseCause,
  type Permission,
  Refusal,
  type StreamName,
  type WebhookEvent,
} from '@muster/contracts';
import { changeOf, sorted } from '../changed-fields.js';
import { giveStreams } from '../integrations/give-streams.js';

interface Held {
  readonly name: string;
  readonly url: string;
  readonly streams: readonly StreamName[];
  readonly types: readonly string[];
}
export type WebhookAggregate =
  | { readonly status: 'unknown' }
  | ({ readonly status: 'active'; readonly paused: boolean; readonly secretVersion: number } & Held)
  | { readonly status: 'removed' };

interface Ordered {
  readonly webhookId: string;
  readonly at: string;
}
/** What whoever orders it may do. */
interface By {
  readonly may: readonly Permission[];
}

export type WebhookCommand =
  | (Ordered & By & { type: 'create'; from?: string | undefined } & Held)
  | (Ordered & By & { type: 'change' } & { readonly [Field in keyof Held]?: Held[Field] | undefined })
  | (Ordered & By & { type: 'replace-secret' })
  | (Ordered & { type: 'pause'; because: PauseCause; reason?: string | undefined })
  | (Ordered & { type: 'resume' })
  | (Ordered & By & { type: 'replay'; from: string })
  | (Ordered & { type: 'remove' });

/** Which facts are sent where. */
export const webhookDecider: Decider<WebhookAggregate, WebhookCommand, WebhookEvent> = {
  initial: { status: 'unknown' },

  evolve(webhook, event) {
    if (event.type === 'WebhookCreated') {
      const { name, url, streams, types } = event.data;
      return { status: 'active', paused: false, secretVersion: 1, name, url, streams, types };
    }
    if (webhook.status !== 'active') return webhook;
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
        return { ...webhook, secretVersion: event.data.secretVersion };
      case 'WebhookPaused':
      case 'WebhookResumed':
        return { ...webhook, paused: event.type === 'WebhookPaused' };
      case 'WebhookReplayOrdered':
        return webhook;
      case 'WebhookRemoved':
        return { status: 'removed' };
    }
  },

  decide(command, webhook) {
    if (command.type === 'create') return created(command, webhook);
    if (webhook.status === 'unknown') throw new Refusal('webhook-unknown');
    const { webhookId, at } = command;
    if (webhook.status === 'removed') {
      if (command.type === 'remove') return [];
      throw new Refusal('webhook-removed');
    }
    switch (command.type) {
      case 'change':
        return changed(command, webhook);
      case 'replace-secret':
        giveOnly(webhook.streams, command.may);
        return [{ type: 'WebhookSecretReplaced', data: { webhookId, secretVersion: webhook.secretVersion + 1, at } }];
      case 'pause': {
        const { because, reason } = command;
        if (webhook.paused) return [];
        return [{ type: 'WebhookPaused', data: { webhookId, because, ...(reason && { reason }), at } }];
      }
      case 'resume':
        return webhook.paused ? [{ type: 'WebhookResumed', data: { webhookId, at } }] : [];
      case 'replay':
        // What was sent before may be more than whoever orders it may read.
        giveOnly(webhook.streams, command.may);
        return [{ type: 'WebhookReplayOrdered', data: { webhookId, from: command.from, at } }];
      case 'remove':
        return [{ type: 'WebhookRemoved', data: { webhookId, at } }];
    }
  },
};

function created(
  { webhookId, name, url, streams, types, from, may, at }: Extract<WebhookCommand, { type: 'create' }>,
  webhook: WebhookAggregate,
): WebhookEvent[] {
  if (webhook.status !== 'unknown')
    throw new Refusal('bad-input', { field: 'webhookId', words: 'Another webhook has this id' });
  giveOnly(streams, may);
  const chosen = { streams: sorted(streams), types: sorted(types) };
  return [
    { type: 'WebhookCreated', data: { webhookId, name, url, ...chosen, ...(from !== undefined && { from }), at } },
  ];
}

function changed(
  { webhookId, at, may, name, url, streams, types }: Extract<WebhookCommand, { type: 'change' }>,
  held: Held,
): WebhookEvent[] {
  const change = {
    ...changeOf('name', held.name, name),
    ...changeOf('url', held.url, url),
    ...changeOf('streams', [...held.streams], streams && sorted(streams)),
    ...changeOf('types', [...held.types], types && sorted(types)),
  };
  if (Object.keys(change).length === 0) return [];
  // Sent elsewhere, everything is given anew; to take a stream away nothing more is needed.
  const isElsewhere = url !== undefined && url !== held.url;
  giveOnly(
    isElsewhere ? (streams ?? held.streams) : (streams ?? []).filter((each) => !held.streams.includes(each)),
    may,
  );
  return [{ type: 'WebhookChanged', data: { webhookId, ...change, at } }];
}

const giveOnly = (streams: readonly StreamName[], may: readonly Permission[]): void =>
  giveStreams('You can have sent', streams, may);
