import type { Call } from '@muster/bus';
import {
  ChangeWebhook,
  CreateWebhook,
  PauseFailingWebhook,
  PauseWebhook,
  RemoveWebhook,
  ReplaceWebhookSecret,
  ReplayWebhook,
  type ReplyOf,
  type RequestOf,
  ResumeWebhook,
} from '@muster/contracts';
import { Answers } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { metaOf } from '../meta.js';
import { Webhooks } from './webhooks.js';

/** How orders about webhooks reach the decision. */
@Controller()
export class WebhooksController {
  constructor(@Inject(Webhooks) private readonly webhooks: Webhooks) {}

  @Answers(CreateWebhook)
  create(request: RequestOf<typeof CreateWebhook>, { caller }: Call): Promise<ReplyOf<typeof CreateWebhook>> {
    return this.webhooks.create({ ...request, may: caller.permissions }, metaOf(caller));
  }

  @Answers(ChangeWebhook)
  change(
    { expectedVersion, ...request }: RequestOf<typeof ChangeWebhook>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof ChangeWebhook>> {
    const order = { type: 'change', ...request, may: caller.permissions } as const;
    return this.webhooks.order(order, metaOf(caller), expectedVersion);
  }

  @Answers(ReplaceWebhookSecret)
  replaceSecret(
    { expectedVersion, ...request }: RequestOf<typeof ReplaceWebhookSecret>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof ReplaceWebhookSecret>> {
    return this.webhooks.replaceSecret({ ...request, may: caller.permissions }, metaOf(caller), expectedVersion);
  }

  @Answers(PauseWebhook)
  pause(
    { expectedVersion, ...request }: RequestOf<typeof PauseWebhook>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof PauseWebhook>> {
    const order = { type: 'pause', because: 'by-hand', ...request } as const;
    return this.webhooks.order(order, metaOf(caller), expectedVersion);
  }

  @Answers(PauseFailingWebhook)
  pauseFailing(
    request: RequestOf<typeof PauseFailingWebhook>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof PauseFailingWebhook>> {
    return this.webhooks.order({ type: 'pause', ...request } as const, metaOf(caller), undefined);
  }

  @Answers(ResumeWebhook)
  resume(
    { webhookId, expectedVersion }: RequestOf<typeof ResumeWebhook>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof ResumeWebhook>> {
    return this.webhooks.order({ type: 'resume', webhookId }, metaOf(caller), expectedVersion);
  }

  @Answers(ReplayWebhook)
  replay(
    { expectedVersion, ...request }: RequestOf<typeof ReplayWebhook>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof ReplayWebhook>> {
    const order = { type: 'replay', ...request, may: caller.permissions } as const;
    return this.webhooks.order(order, metaOf(caller), expectedVersion);
  }

  @Answers(RemoveWebhook)
  remove(
    { webhookId, expectedVersion }: RequestOf<typeof RemoveWebhook>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof RemoveWebhook>> {
    return this.webhooks.order({ type: 'remove', webhookId }, metaOf(caller), expectedVersion);
  }
}
