import type { Call } from '@muster/bus';
import {
  type AccountEvent,
  type Caller,
  ChangeApiKey,
  CreateApiKey,
  type Fact,
  factFamilies,
  ListApiKeys,
  Refusal,
  type ReplyOf,
  type RequestOf,
  RevokeApiKey,
} from '@muster/contracts';
import { Answers, OnFact } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { metaOf } from '../meta.js';
import { ApiKeys } from './api-keys.js';

/** So many keys in one part of the answer: with the most and longest names of models well under what a message may weigh. */
const PART = 10;

/** How orders about API keys reach the decision, and what becomes of the keys of an account that is deleted. */
@Controller()
export class ApiKeysController {
  constructor(@Inject(ApiKeys) private readonly keys: ApiKeys) {}

  @Answers(CreateApiKey)
  create(request: RequestOf<typeof CreateApiKey>, { caller }: Call): Promise<ReplyOf<typeof CreateApiKey>> {
    const by = byOf(caller);
    const { ownerId = by.accountId, models = null, expiresAt = null, limits = null, ...rest } = request;
    if (ownerId === undefined) throw new Refusal('bad-input', { field: 'ownerId', words: 'Say whose key it is' });
    if (ownerId !== by.accountId && !by.may.includes('accounts:manage'))
      throw new Refusal('not-permitted', {
        field: 'ownerId',
        words: 'Only who manages accounts can make a key for another account.',
      });
    const command = { ...rest, ownerId, models, expiresAt: utcOf(expiresAt), limits, by };
    return this.keys.create(command, metaOf(caller));
  }

  @Answers(ChangeApiKey)
  change(
    { expectedVersion, expiresAt, ...request }: RequestOf<typeof ChangeApiKey>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof ChangeApiKey>> {
    const until = expiresAt === undefined ? undefined : utcOf(expiresAt);
    return this.keys.change({ ...request, expiresAt: until, by: byOf(caller) }, metaOf(caller), expectedVersion);
  }

  @Answers(RevokeApiKey)
  revoke(
    { keyId, expectedVersion }: RequestOf<typeof RevokeApiKey>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof RevokeApiKey>> {
    return this.keys.revoke({ keyId, because: 'by-hand' }, metaOf(caller), expectedVersion);
  }

  @Answers(ListApiKeys)
  async *list(): AsyncGenerator<ReplyOf<typeof ListApiKeys>, void, undefined> {
    const keys = await this.keys.list();
    for (let first = 0; first < keys.length; first += PART) yield { keys: keys.slice(first, first + PART) };
  }

  @OnFact(factFamilies.account, { durable: 'keys-of-deleted-accounts' })
  async onAccount(fact: Fact<AccountEvent>): Promise<void> {
    if (fact.type === 'AccountDeleted') await this.keys.revokeAllOf(fact.data.accountId, fact);
  }
}

const byOf = ({ actor, permissions }: Caller) => ({
  accountId: actor.kind === 'account' ? actor.id : undefined,
  may: permissions,
});

/** The same moment in UTC, as facts have it. */
const utcOf = (at: string | null): string | null => (at === null ? null : new Date(at).toISOString());
