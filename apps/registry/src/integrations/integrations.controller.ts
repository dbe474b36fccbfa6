import { Bus, type Call, NoSuchPosition } from '@muster/bus';
import {
  ChangeIntegration,
  CreateIntegration,
  ListIntegrations,
  ListReadings,
  Outage,
  Refusal,
  ReplaceIntegrationSecret,
  type ReplyOf,
  type RequestOf,
  ResumeIntegration,
  RevokeIntegration,
  SetOwnReading,
  SetReading,
  SuspendIntegration,
} from '@muster/contracts';
import { Answers } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { metaOf } from '../meta.js';
import { IntegrationWatch } from './integration-watch.js';
import { Integrations } from './integrations.js';

/** So many integrations in one part of the answer: well under what a message may weigh. */
const PART = 20;

/** How orders about integrations reach the decision. */
@Controller()
export class IntegrationsController {
  constructor(
    @Inject(Integrations) private readonly integrations: Integrations,
    @Inject(IntegrationWatch) private readonly watch: IntegrationWatch,
    @Inject(Bus) private readonly bus: Bus,
  ) {}

  @Answers(CreateIntegration)
  create(request: RequestOf<typeof CreateIntegration>, { caller }: Call): Promise<ReplyOf<typeof CreateIntegration>> {
    return this.#told(this.integrations.create({ ...request, may: caller.permissions }, metaOf(caller)));
  }

  @Answers(ChangeIntegration)
  change(
    { expectedVersion, ...request }: RequestOf<typeof ChangeIntegration>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof ChangeIntegration>> {
    const order = { type: 'change', ...request, may: caller.permissions } as const;
    return this.#told(this.integrations.order(order, metaOf(caller), expectedVersion));
  }

  @Answers(ReplaceIntegrationSecret)
  replaceSecret(
    { expectedVersion, ...request }: RequestOf<typeof ReplaceIntegrationSecret>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof ReplaceIntegrationSecret>> {
    return this.#told(
      this.integrations.replaceSecret({ ...request, may: caller.permissions }, metaOf(caller), expectedVersion),
    );
  }

  @Answers(SuspendIntegration)
  suspend(
    { expectedVersion, ...request }: RequestOf<typeof SuspendIntegration>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof SuspendIntegration>> {
    const order = { type: 'suspend', because: 'by-hand', ...request } as const;
    return this.#told(this.integrations.order(order, metaOf(caller), expectedVersion));
  }

  @Answers(ResumeIntegration)
  resume(
    { integrationId, expectedVersion }: RequestOf<typeof ResumeIntegration>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof ResumeIntegration>> {
    return this.#told(this.integrations.order({ type: 'resume', integrationId }, metaOf(caller), expectedVersion));
  }

  @Answers(RevokeIntegration)
  revoke(
    { integrationId, expectedVersion }: RequestOf<typeof RevokeIntegration>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof RevokeIntegration>> {
    return this.#told(this.integrations.order({ type: 'revoke', integrationId }, metaOf(caller), expectedVersion));
  }

  @Answers(SetReading)
  setReading(request: RequestOf<typeof SetReading>): Promise<ReplyOf<typeof SetReading>> {
    return this.#begin(request);
  }

  @Answers(SetOwnReading)
  setOwnReading(request: RequestOf<typeof SetOwnReading>): Promise<ReplyOf<typeof SetOwnReading>> {
    return this.#begin(request);
  }

  @Answers(ListReadings)
  async readings({ integrationId }: RequestOf<typeof ListReadings>): Promise<ReplyOf<typeof ListReadings>> {
    const readings = await this.watch.readingsOf(await this.integrations.natsUserIn(integrationId));
    if (readings === undefined) throw new Outage('bus', 'How far integrations have read is not known right now');
    return { readings };
  }

  @Answers(ListIntegrations)
  async *list(): AsyncGenerator<ReplyOf<typeof ListIntegrations>, void, undefined> {
    const integrations = await this.watch.activities(await this.integrations.list());
    const { natsUsers } = this.watch;
    if (integrations.length === 0) yield { integrations, natsUsers };
    for (let first = 0; first < integrations.length; first += PART)
      yield { integrations: integrations.slice(first, first + PART), natsUsers };
  }

  async #begin({ integrationId, stream, from }: RequestOf<typeof SetReading>): Promise<ReplyOf<typeof SetReading>> {
    const consumer = await this.integrations.consumerOf(integrationId, stream);
    try {
      const start = typeof from === 'number' ? ({ from: 'after', position: from } as const) : { from };
      await this.bus.outsiders.replace(stream, consumer, start);
    } catch (error) {
      if (!(error instanceof NoSuchPosition)) throw error;
      const words =
        error.why === 'ahead'
          ? `This position is in the future: the newest fact is at ${error.edge}`
          : `Facts after this position are not kept any more: the oldest is at ${error.edge}`;
      throw new Refusal(error.why === 'ahead' ? 'position-ahead' : 'position-too-old', { field: 'from', words });
    }
    void this.watch.look();
    return { consumer };
  }

  /** Answers when NATS has been told, so that who was revoked is let go by then. */
  async #told<T>(answer: Promise<T>): Promise<T> {
    const decided = await answer;
    await this.watch.decided();
    return decided;
  }
}
