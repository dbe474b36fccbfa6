import { Bus } from '@muster/bus';
import {
  ChangeApiKey,
  CreateApiKey,
  ListApiKeys,
  type ListedApiKey,
  type ReplyOf,
  RevokeApiKey,
  routes,
} from '@muster/contracts';
import { Controller } from '@nestjs/common';
import { expected } from '../doors/expected.js';
import { type CallTo, Serves } from '../doors/serves.js';

/** API keys as those manage them who may. How calls with a key come in is the Door's matter. */
@Controller()
export class ApiKeysController {
  constructor(private readonly bus: Bus) {}

  @Serves(routes.listApiKeys)
  async list({ caller, signal }: CallTo<typeof routes.listApiKeys>): Promise<{ keys: ListedApiKey[] }> {
    const keys: ListedApiKey[] = [];
    for await (const part of this.bus.askStream(ListApiKeys, {}, caller, { signal })) keys.push(...part.keys);
    return { keys };
  }

  @Serves(routes.createApiKey)
  create({ body, caller }: CallTo<typeof routes.createApiKey>): Promise<ReplyOf<typeof CreateApiKey>> {
    return this.bus.ask(CreateApiKey, body, caller);
  }

  @Serves(routes.changeApiKey)
  change({
    params,
    body,
    caller,
    expectedVersion,
  }: CallTo<typeof routes.changeApiKey>): Promise<ReplyOf<typeof ChangeApiKey>> {
    return this.bus.ask(ChangeApiKey, { ...params, ...body, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.revokeApiKey)
  revoke({
    params,
    caller,
    expectedVersion,
  }: CallTo<typeof routes.revokeApiKey>): Promise<ReplyOf<typeof RevokeApiKey>> {
    return this.bus.ask(RevokeApiKey, { ...params, ...expected(expectedVersion) }, caller);
  }
}
