import { Bus } from '@muster/bus';
import {
  type Caller,
  ChangeIntegration,
  CreateIntegration,
  ListIntegrations,
  ListReadings,
  ReplaceIntegrationSecret,
  type ReplyOf,
  ResumeIntegration,
  RevokeIntegration,
  routes,
  SetOwnReading,
  SetReading,
  SuspendIntegration,
} from '@muster/contracts';
import { Controller } from '@nestjs/common';
import { gatewayCaller } from '../doors/callers.js';
import { expected } from '../doors/expected.js';
import { type CallTo, Serves } from '../doors/serves.js';
import { OwnConsumers } from './own-consumers.js';

const gatewayFor = ({ commandId, correlationId }: Caller): Caller => gatewayCaller(commandId, correlationId);

/** Integrations as those manage them who may. */
@Controller()
export class IntegrationsController {
  constructor(
    private readonly bus: Bus,
    private readonly own: OwnConsumers,
  ) {}

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
  setReading(call: CallTo<typeof routes.setReading>): Promise<ReplyOf<typeof SetReading>> {
    const { params, body, caller, integration } = call;
    if (integration === undefined) return this.bus.ask(SetReading, { ...params, ...body }, caller);
    this.own.admit(integration, params.integrationId, [params.stream]);
    return this.bus.ask(SetOwnReading, { ...params, ...body }, gatewayFor(caller));
  }

  @Serves(routes.listReadings)
  listReadings(call: CallTo<typeof routes.listReadings>): Promise<ReplyOf<typeof ListReadings>> {
    const { params, caller, integration } = call;
    if (integration !== undefined) this.own.admit(integration, params.integrationId, []);
    return this.bus.ask(ListReadings, params, gatewayFor(caller));
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
