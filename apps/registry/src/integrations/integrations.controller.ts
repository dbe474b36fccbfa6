import type { Call } from '@muster/bus';
import {
  ChangeIntegration,
  CreateIntegration,
  ListIntegrations,
  ReplaceIntegrationSecret,
  type ReplyOf,
  type RequestOf,
  ResumeIntegration,
  RevokeIntegration,
  SuspendIntegration,
} from '@muster/contracts';
import { Answers } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { metaOf } from '../meta.js';
import { Integrations } from './integrations.js';

/** So many integrations in one part of the answer: well under what a message may weigh. */
const PART = 20;

/** How orders about integrations reach the decision. */
@Controller()
export class IntegrationsController {
  constructor(@Inject(Integrations) private readonly integrations: Integrations) {}

  @Answers(CreateIntegration)
  create(request: RequestOf<typeof CreateIntegration>, { caller }: Call): Promise<ReplyOf<typeof CreateIntegration>> {
    return this.integrations.create({ ...request, may: caller.permissions }, metaOf(caller));
  }

  @Answers(ChangeIntegration)
  change(
    { expectedVersion, ...request }: RequestOf<typeof ChangeIntegration>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof ChangeIntegration>> {
    const order = { type: 'change', ...request, may: caller.permissions } as const;
    return this.integrations.order(order, metaOf(caller), expectedVersion);
  }

  @Answers(ReplaceIntegrationSecret)
  replaceSecret(
    { expectedVersion, ...request }: RequestOf<typeof ReplaceIntegrationSecret>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof ReplaceIntegrationSecret>> {
    return this.integrations.replaceSecret({ ...request, may: caller.permissions }, metaOf(caller), expectedVersion);
  }

  @Answers(SuspendIntegration)
  suspend(
    { expectedVersion, ...request }: RequestOf<typeof SuspendIntegration>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof SuspendIntegration>> {
    const order = { type: 'suspend', because: 'by-hand', ...request } as const;
    return this.integrations.order(order, metaOf(caller), expectedVersion);
  }

  @Answers(ResumeIntegration)
  resume(
    { integrationId, expectedVersion }: RequestOf<typeof ResumeIntegration>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof ResumeIntegration>> {
    return this.integrations.order({ type: 'resume', integrationId }, metaOf(caller), expectedVersion);
  }

  @Answers(RevokeIntegration)
  revoke(
    { integrationId, expectedVersion }: RequestOf<typeof RevokeIntegration>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof RevokeIntegration>> {
    return this.integrations.order({ type: 'revoke', integrationId }, metaOf(caller), expectedVersion);
  }

  @Answers(ListIntegrations)
  async *list(): AsyncGenerator<ReplyOf<typeof ListIntegrations>, void, undefined> {
    const integrations = await this.integrations.list();
    for (let first = 0; first < integrations.length; first += PART)
      yield { integrations: integrations.slice(first, first + PART) };
  }
}
