import { Bus } from '@muster/bus';
import {
  ChangeWebhook,
  CreateWebhook,
  DELIVERIES_PAGE,
  type ListedWebhook,
  ListWebhooks,
  PauseWebhook,
  ReadDeliveries,
  RemoveWebhook,
  ReplaceWebhookSecret,
  ReplayWebhook,
  type ReplyOf,
  ResumeWebhook,
  routes,
  TestWebhook,
} from '@muster/contracts';
import { Controller } from '@nestjs/common';
import { expected } from '../doors/expected.js';
import { type CallTo, Serves } from '../doors/serves.js';

/** Webhooks as those manage them who may. */
@Controller()
export class WebhooksController {
  constructor(private readonly bus: Bus) {}

  @Serves(routes.listWebhooks)
  async list({ caller, signal }: CallTo<typeof routes.listWebhooks>): Promise<{ webhooks: ListedWebhook[] }> {
    const webhooks: ListedWebhook[] = [];
    for await (const part of this.bus.askStream(ListWebhooks, {}, caller, { signal })) webhooks.push(...part.webhooks);
    return { webhooks };
  }

  @Serves(routes.createWebhook)
  create({ body, caller }: CallTo<typeof routes.createWebhook>): Promise<ReplyOf<typeof CreateWebhook>> {
    return this.bus.ask(CreateWebhook, body, caller);
  }

  @Serves(routes.changeWebhook)
  change({
    params,
    body,
    caller,
    expectedVersion,
  }: CallTo<typeof routes.changeWebhook>): Promise<ReplyOf<typeof ChangeWebhook>> {
    return this.bus.ask(ChangeWebhook, { ...params, ...body, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.replaceWebhookSecret)
  replaceSecret({
    params,
    caller,
    expectedVersion,
  }: CallTo<typeof routes.replaceWebhookSecret>): Promise<ReplyOf<typeof ReplaceWebhookSecret>> {
    return this.bus.ask(ReplaceWebhookSecret, { ...params, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.pauseWebhook)
  pause({
    params,
    body,
    caller,
    expectedVersion,
  }: CallTo<typeof routes.pauseWebhook>): Promise<ReplyOf<typeof PauseWebhook>> {
    return this.bus.ask(PauseWebhook, { ...params, ...body, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.resumeWebhook)
  resume({
    params,
    caller,
    expectedVersion,
  }: CallTo<typeof routes.resumeWebhook>): Promise<ReplyOf<typeof ResumeWebhook>> {
    return this.bus.ask(ResumeWebhook, { ...params, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.replayWebhook)
  replay({
    params,
    body,
    caller,
    expectedVersion,
  }: CallTo<typeof routes.replayWebhook>): Promise<ReplyOf<typeof ReplayWebhook>> {
    return this.bus.ask(ReplayWebhook, { ...params, ...body, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.testWebhook)
  test({ params, caller, signal }: CallTo<typeof routes.testWebhook>): Promise<ReplyOf<typeof TestWebhook>> {
    return this.bus.ask(TestWebhook, params, caller, { signal });
  }

  @Serves(routes.readDeliveries)
  deliveries({
    params,
    query: { before, limit = DELIVERIES_PAGE.usual },
    caller,
    signal,
  }: CallTo<typeof routes.readDeliveries>): Promise<ReplyOf<typeof ReadDeliveries>> {
    const wanted = { ...params, limit, ...(before !== undefined && { before }) };
    return this.bus.ask(ReadDeliveries, wanted, caller, { signal });
  }

  @Serves(routes.removeWebhook)
  remove({
    params,
    caller,
    expectedVersion,
  }: CallTo<typeof routes.removeWebhook>): Promise<ReplyOf<typeof RemoveWebhook>> {
    return this.bus.ask(RemoveWebhook, { ...params, ...expected(expectedVersion) }, caller);
  }
}
