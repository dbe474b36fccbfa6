import { Bus } from '@muster/bus';
import {
  ChangeIntegration,
  CreateIntegration,
  ListIntegrations,
  ReplaceIntegrationSecret,
  type ReplyOf,
  ResumeIntegration,
  RevokeIntegration,
  routes,
  SetReading,
  SuspendIntegration,
} from '@muster/contracts';
import { Controller } from '@nestjs/common';
import { expected } from '../doors/expected.js';
import { type CallTo, Serves } from '../doors/serves.js';

/** Integrations as those manage them who may. */
@Controller()
export class IntegrationsController {
  constructor(private readonly bus: Bus) {}

  @Serves(routes.listIntegrations)
  async list({ caller, signal }: CallTo<typeof routes.listIntegrations>): Promise<ReplyOf<typeof ListIntegrations>> {
    const all: ReplyOf<typeof ListIntegrations> = { integrations: [], natsUsers: 'muster' };
    for await (const { integrations, natsUsers } of this.bus.askStream(ListIntegrations, {}, caller, { signal })) {
      all.integrations.push(...integrations);
      all.natsUsers = natsUsers;
    }
    return all;
  }

  @Serves(routes.createIntegration)
  create({ body, caller }: CallTo<typeof routes.createIntegration>): Promise<ReplyOf<typeof CreateIntegration>> {
    return this.bus.ask(CreateIntegration, body, caller);
  }

  @Serves(routes.changeIntegration)
  change({
    params,
    body,
    caller,
    expectedVersion,
  }: CallTo<typeof routes.changeIntegration>): Promise<ReplyOf<typeof ChangeIntegration>> {
    return this.bus.ask(ChangeIntegration, { ...params, ...body, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.replaceIntegrationSecret)
  replaceSecret({
    params,
    caller,
    expectedVersion,
  }: CallTo<typeof routes.replaceIntegrationSecret>): Promise<ReplyOf<typeof ReplaceIntegrationSecret>> {
    return this.bus.ask(ReplaceIntegrationSecret, { ...params, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.suspendIntegration)
  suspend({
    params,
    body,
    caller,
    expectedVersion,
  }: CallTo<typeof routes.suspendIntegration>): Promise<ReplyOf<typeof SuspendIntegration>> {
    return this.bus.ask(SuspendIntegration, { ...params, ...body, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.resumeIntegration)
  resume({
    params,
    caller,
    expectedVersion,
  }: CallTo<typeof routes.resumeIntegration>): Promise<ReplyOf<typeof ResumeIntegration>> {
    return this.bus.ask(ResumeIntegration, { ...params, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.setReading)
  setReading({ params, body, caller }: CallTo<typeof routes.setReading>): Promise<ReplyOf<typeof SetReading>> {
    return this.bus.ask(SetReading, { ...params, ...body }, caller);
  }

  @Serves(routes.revokeIntegration)
  revoke({
    params,
    caller,
    expectedVersion,
  }: CallTo<typeof routes.revokeIntegration>): Promise<ReplyOf<typeof RevokeIntegration>> {
    return this.bus.ask(RevokeIntegration, { ...params, ...expected(expectedVersion) }, caller);
  }
}
