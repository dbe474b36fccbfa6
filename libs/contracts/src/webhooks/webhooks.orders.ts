import * as z from 'zod/mini';
import { orderTo } from '../order.js';
import { IntegrationStreams } from '../registry/integration.events.js';
import { PauseCause, WebhookId } from '../registry/webhook.events.js';

const managing = { allowed: 'integrations:manage' } as const;

/**
 * What became of one try. Closed.
 *
 * - `delivered`: the receiver answered with a status from 200 to 299.
 * - `refused`: with another one. `redirected`: with one that points elsewhere, where nothing is sent.
 * - `missed`: facts were not kept any more when their turn came; the receiver was told so.
 */
export const deliveryOutcomes = [
  'delivered',
  'refused',
  'redirected',
  'timed-out',
  'connection-failed',
  'tls-failed',
  'name-not-found',
  'address-not-allowed',
  'missed',
] as const;
export const DeliveryOutcome = z.enum(deliveryOutcomes);
export type DeliveryOutcome = z.infer<typeof DeliveryOutcome>;

/** One try to deliver one fact. Never a word of what the receiver answered. */
export const WebhookDelivery = z.object({
  /** Grows with time. */
  n: z.number(),
  /** The `webhook-id` that it was sent under. */
  messageId: z.string(),
  /** The type of the fact, as NodeRenamed. */
  type: z.string(),
  /** Behind the fact: what a replay from before it is ordered with is an earlier one. */
  position: z.string(),
  /** 1 for the first try. */
  attempt: z.number(),
  outcome: DeliveryOutcome,
  status: z.optional(z.number()),
  tookMs: z.number(),
  at: z.iso.datetime(),
});
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

/** A webhook as those see it who manage them. Never its secret. */
export const ListedWebhook = z.object({
  webhookId: WebhookId,
  name: z.string(),
  url: z.string(),
  streams: IntegrationStreams,
  types: z.array(z.string()),
  state: z.enum(['active', 'failing', 'paused']),
  paused: z.optional(z.object({ because: PauseCause, reason: z.optional(z.string()), since: z.iso.datetime() })),
  secretSince: z.iso.datetime(),
  createdAt: z.iso.datetime(),
  /** Up to where everything is delivered; absent before the first word about it. */
  position: z.optional(z.string()),
  /** How many facts of its streams come behind that, of whatever type; absent where nobody can tell. */
  behind: z.optional(z.number()),
  /** What was tried last. */
  last: z.optional(WebhookDelivery),
  /** Since when nothing was taken, while tries fail. */
  failingSince: z.optional(z.iso.datetime()),
  lastDeliveredAt: z.optional(z.iso.datetime()),
  version: z.number(),
});
export type ListedWebhook = z.infer<typeof ListedWebhook>;

/** Every webhook that is not removed, by name, in parts. */
export const ListWebhooks = orderTo('webhooks', 'list', {
  ...managing,
  request: z.object({}),
  reply: z.object({ webhooks: z.array(ListedWebhook) }),
  answers: 'stream',
});

export const DELIVERIES_PAGE = { usual: 50, most: 200 } as const;

/** The tries of a webhook, newest first. The last 1,000 of each are kept, for 30 days at most. */
export const ReadDeliveries = orderTo('webhooks', 'read-deliveries', {
  ...managing,
  request: z.object({
    webhookId: WebhookId,
    /** Only those before this one. */
    before: z.optional(z.number().check(z.int(), z.gte(1))),
    limit: z._default(z.number().check(z.int(), z.gte(1), z.lte(DELIVERIES_PAGE.most)), DELIVERIES_PAGE.usual),
  }),
  reply: z.object({ deliveries: z.array(WebhookDelivery), older: z.boolean() }),
});

/** Sends an event of type `muster.webhook.test` at once, once, and tells what became of it. */
export const TestWebhook = orderTo('webhooks', 'test', {
  ...managing,
  request: z.object({ webhookId: WebhookId }),
  reply: WebhookDelivery,
  deadlineMs: 15_000,
});

export const webhookServiceOrders = { ListWebhooks, ReadDeliveries, TestWebhook };
