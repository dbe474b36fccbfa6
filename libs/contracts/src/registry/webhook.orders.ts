import * as z from 'zod/mini';
import { ReadFrom } from '../bus/position.js';
import { orderTo } from '../order.js';
import { IntegrationStreams } from './integration.events.js';
import { Changed } from './node.orders.js';
import { FactTypes, PauseCause, PauseReason, WebhookId, WebhookName, WebhookUrl } from './webhook.events.js';

const expectedVersion = z.optional(z.number().check(z.int(), z.gte(1)));
const managing = { allowed: 'integrations:manage' } as const;
const one = z.object({ webhookId: WebhookId, expectedVersion });

/** `whsec_` and 256 bits in base64, as Standard Webhooks writes a secret for signatures of kind v1. */
export const WebhookSecret = z.string().check(z.regex(/^whsec_[A-Za-z0-9+/]{43}=$/));

/** What is shown once: the secret that signs. */
export const ShownWebhookSecret = z.object({ secret: WebhookSecret, version: z.number() });

/**
 * Makes a webhook and answers with the secret that signs what it sends, this once. Refuses with `not-permitted` streams that whoever
 * orders it may not read, and with `secret-shown-once` a retry that comes too late.
 */
export const CreateWebhook = orderTo('registry', 'create-webhook', {
  ...managing,
  request: z.object({
    webhookId: WebhookId,
    name: WebhookName,
    url: WebhookUrl,
    streams: IntegrationStreams,
    types: z._default(FactTypes, []),
    from: z.optional(ReadFrom),
  }),
  reply: ShownWebhookSecret,
});

/** Changes what is given. */
export const ChangeWebhook = orderTo('registry', 'change-webhook', {
  ...managing,
  request: z.extend(one, {
    name: z.optional(WebhookName),
    url: z.optional(WebhookUrl),
    streams: z.optional(IntegrationStreams),
    types: z.optional(FactTypes),
  }),
  reply: Changed,
});

/** Another secret. For a day what is sent is signed with the former one as well. */
export const ReplaceWebhookSecret = orderTo('registry', 'replace-webhook-secret', {
  ...managing,
  request: one,
  reply: ShownWebhookSecret,
});

export const PauseWebhook = orderTo('registry', 'pause-webhook', {
  ...managing,
  request: z.extend(one, { reason: z.optional(PauseReason) }),
  reply: Changed,
});

/** Muster itself pauses one that its receiver does not take. */
export const PauseFailingWebhook = orderTo('registry', 'pause-failing-webhook', {
  allowed: 'services',
  request: z.object({ webhookId: WebhookId, because: PauseCause, reason: PauseReason }),
  reply: Changed,
});

export const ResumeWebhook = orderTo('registry', 'resume-webhook', { ...managing, request: one, reply: Changed });

/** Sends what is kept from a position on, again. */
export const ReplayWebhook = orderTo('registry', 'replay-webhook', {
  ...managing,
  request: z.extend(one, { from: ReadFrom }),
  reply: Changed,
});

export const RemoveWebhook = orderTo('registry', 'remove-webhook', { ...managing, request: one, reply: Changed });

export const webhookOrders = {
  CreateWebhook,
  ChangeWebhook,
  ReplaceWebhookSecret,
  PauseWebhook,
  PauseFailingWebhook,
  ResumeWebhook,
  ReplayWebhook,
  RemoveWebhook,
};
