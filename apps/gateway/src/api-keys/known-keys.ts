import { createHash } from 'node:crypto';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Bus, type Following } from '@muster/bus';
import {
  type ApiKey,
  ApiKeys,
  factFamilies,
  keyAllows,
  KeyUses,
  Outage,
  type Permission,
  Refusal,
  type RegistryList,
} from '@muster/contracts';
import { Clock } from '@muster/service';

/**
 * Which API keys hold, from the facts alone: nobody is asked, and a revocation is felt as soon as the fact about it is here. While
 * the bus is away it knows what it knew last; nothing could be ordered with a key then anyway.
 */
@Injectable()
export class KnownKeys implements OnModuleInit, OnApplicationShutdown {
  readonly #keys = new ApiKeys();
  readonly #uses = new KeyUses();
  #following: Following | undefined;
  readonly #changes = new Set<(list: RegistryList) => void>();
  #isKnown = false;

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
  ) {}

  async onModuleInit(): Promise<void> {
    const { account, key } = factFamilies;
    this.#following = await this.bus.followFacts([account, key], (fact) => {
      if (this.#keys.apply(fact)) this.#tell(fact.type.startsWith('Account') ? 'accounts' : 'keys');
    });
    void this.#following.caughtUp.then(() => {
      this.#isKnown = true;
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#following?.stop();
  }

  /** Calls when something about accounts or about keys has changed: the state of a key is also a matter of its owner's. */
  onChange(handler: (list: RegistryList) => void): void {
    this.#changes.add(handler);
  }

  /**
   * The key with this text, and notes that it was used. Throws the Refusal `key-refused` when it does not hold (any more), and
   * an Outage while the facts about keys have not been read yet.
   */
  use(text: string): ApiKey {
    const key = this.#keys.byHash(createHash('sha256').update(text).digest('hex'));
    if (key === undefined && !this.#isKnown) throw new Outage('registry', 'The API keys are not known yet');
    if (key === undefined) throw new Refusal('key-refused');
    const at = this.clock.now();
    const [anything = 'inference'] = key.permissions;
    if (keyAllows(key, { permission: anything, nowMs: Date.parse(at) }) === 'expired')
      throw new Refusal('key-refused', { words: 'This API key has expired.' });
    if (this.#uses.note(key.keyId, this.clock.monotonicMs())) this.bus.publishKeyUse({ keyId: key.keyId, at });
    return key;
  }

  /** What a key may at the doors now; nothing when it does not hold any more. */
  may(keyId: string): readonly Permission[] {
    const key = this.#keys.byId(keyId);
    const isOver = key?.expiresAt !== undefined && Date.parse(this.clock.now()) >= Date.parse(key.expiresAt);
    return key === undefined || isOver ? [] : key.may;
  }

  #tell(list: RegistryList): void {
    for (const tell of this.#changes) {
      tell(list);
      if (list === 'accounts') tell('keys');
    }
  }
}
