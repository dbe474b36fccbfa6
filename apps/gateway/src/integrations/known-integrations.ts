import { createHash } from 'node:crypto';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Bus, type Following } from '@muster/bus';
import { factFamilies, type Integration, Integrations, Outage, Refusal } from '@muster/contracts';

/**
 * Which integrations are let in, from the facts alone: nobody is asked, and a revocation is felt as soon as the fact about it is
 * here. While the bus is away it knows what it knew last.
 */
@Injectable()
export class KnownIntegrations implements OnModuleInit, OnApplicationShutdown {
  readonly #integrations = new Integrations();
  readonly #changes = new Set<() => void>();
  #following: Following | undefined;
  #isKnown = false;

  constructor(private readonly bus: Bus) {}

  async onModuleInit(): Promise<void> {
    this.#following = await this.bus.followFacts([factFamilies.integration], (fact) => {
      if (this.#integrations.apply(fact)) for (const tell of this.#changes) tell();
    });
    void this.#following.caughtUp.then(() => {
      this.#isKnown = true;
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#following?.stop();
  }

  /** Calls when something about integrations has changed. */
  onChange(handler: () => void): void {
    this.#changes.add(handler);
  }

  /**
   * The integration with this secret, suspended perhaps. Throws the Refusal `secret-refused` when there is none (any more), and an
   * Outage while the facts about integrations have not been read yet.
   */
  use(secret: string): Integration {
    const integration = this.#integrations.byHash(hashOf(secret));
    if (integration === undefined && !this.#isKnown) throw new Outage('registry', 'The integrations are not known yet');
    if (integration === undefined) throw new Refusal('secret-refused');
    return integration;
  }

  /** What the holder of this secret is now; undefined when it is refused. For looking again without keeping the secret itself. */
  byHash(hash: string): Integration | undefined {
    return this.#integrations.byHash(hash);
  }
}

/** How a secret is known: SHA-256, in hex. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
