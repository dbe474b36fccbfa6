import type { StreamName } from '../bus/streams.js';
import type { Fact } from '../fact.js';
import { neededToRead } from '../history/history-entry.js';
import { factFamilies, type FactFamilyName } from '../bus/facts.js';
import type { Permission } from '../permissions.js';
import type { IntegrationDoor, IntegrationEvent, SuspensionCause } from './integration.events.js';
import { IntegrationSecret } from './integration.events.js';
import type { KeyHeaders } from './key-use.js';

/** An integration that is not revoked. One that is suspended is let in nowhere. */
export interface Integration {
  readonly integrationId: string;
  readonly name: string;
  readonly streams: readonly StreamName[];
  readonly doors: readonly IntegrationDoor[];
  readonly suspended: SuspensionCause | undefined;
}

type Held = Integration & { readonly hash: string };

/**
 * Every integration that is not revoked, folded from the facts of the family `integration` in the order of their positions. Works
 * on with what it last knew when the registry is away. As large as the registry lets integrations become.
 */
export class Integrations {
  readonly #held = new Map<string, Held>();
  readonly #byHash = new Map<string, string>();
  #position = 0;

  /** Folds one fact in. False when it was folded in before, and then nothing changes. */
  apply(fact: Fact<IntegrationEvent>): boolean {
    if (fact.position <= this.#position) return false;
    this.#position = fact.position;
    const { integrationId } = fact.data;
    switch (fact.type) {
      case 'IntegrationCreated': {
        const { name, streams, doors, hash } = fact.data;
        this.#put({ integrationId, name, streams, doors, hash, suspended: undefined });
        break;
      }
      case 'IntegrationChanged': {
        const { name, streams, doors } = fact.data;
        this.#change(integrationId, {
          ...(name && { name: name.to }),
          ...(streams && { streams: streams.to }),
          ...(doors && { doors: doors.to }),
        });
        break;
      }
      case 'IntegrationSecretReplaced':
        this.#change(integrationId, { hash: fact.data.hash });
        break;
      case 'IntegrationSuspended':
        this.#change(integrationId, { suspended: fact.data.because });
        break;
      case 'IntegrationResumed':
        this.#change(integrationId, { suspended: undefined });
        break;
      case 'IntegrationRevoked':
        this.#remove(integrationId);
        break;
    }
    return true;
  }

  /** The integration whose secret has this SHA-256, in hex: suspended perhaps. Undefined when there is none, or not any more. */
  byHash(hash: string): Integration | undefined {
    const integrationId = this.#byHash.get(hash);
    return integrationId === undefined ? undefined : this.byId(integrationId);
  }

  /** The same by its id. */
  byId(integrationId: string): Integration | undefined {
    const held = this.#held.get(integrationId);
    if (held === undefined) return undefined;
    const { name, streams, doors, suspended } = held;
    return { integrationId, name, streams, doors, suspended };
  }

  #put(held: Held): void {
    this.#held.set(held.integrationId, held);
    this.#byHash.set(held.hash, held.integrationId);
  }

  #change(integrationId: string, changed: Partial<Held>): void {
    const held = this.#held.get(integrationId);
    if (held === undefined) return;
    this.#byHash.delete(held.hash);
    this.#put({ ...held, ...changed });
  }

  #remove(integrationId: string): void {
    const held = this.#held.get(integrationId);
    this.#held.delete(integrationId);
    if (held !== undefined) this.#byHash.delete(held.hash);
  }
}

/** `yes`, or why not: each is a refusal of the same name but the first. */
export type IntegrationAnswer = 'yes' | 'integration-suspended' | 'door-closed' | 'stream-not-permitted';

/** Whether an integration may read these streams at that door now. */
export function integrationAllows(
  { suspended, doors, streams }: Pick<Integration, 'suspended' | 'doors' | 'streams'>,
  { door, wanted }: { door: IntegrationDoor; wanted: readonly StreamName[] },
): IntegrationAnswer {
  if (suspended !== undefined) return 'integration-suspended';
  if (!doors.includes(door)) return 'door-closed';
  return wanted.every((stream) => streams.includes(stream)) ? 'yes' : 'stream-not-permitted';
}

/**
 * The secret of an integration that a request carries as `Authorization: Bearer <secret>`. Undefined for anything that is none.
 */
export function integrationSecretOf({ authorization }: KeyHeaders): string | undefined {
  const text = typeof authorization === 'string' ? /^bearer +(\S+) *$/i.exec(authorization)?.[1] : undefined;
  return IntegrationSecret.safeParse(text).success ? text : undefined;
}

/** What one needs oneself to let an outsider read a stream: whatever reading all of its facts takes. */
export function neededToGive(stream: StreamName): readonly Permission[] {
  const families = (Object.keys(factFamilies) as FactFamilyName[]).filter(
    (family) => factFamilies[family].stream === stream,
  );
  return [...new Set(families.length === 0 ? (['fleet:view'] as const) : families.map((each) => neededToRead[each]))];
}
