import {
  type Decider,
  type IntegrationDoor,
  type IntegrationEvent,
  type Permission,
  Refusal,
  type StreamName,
  type SuspensionCause,
} from '@muster/contracts';
import { changeOf, sorted } from '../changed-fields.js';
import { giveStreams } from './give-streams.js';

interface Held {
  readonly name: string;
  readonly streams: readonly StreamName[];
  readonly doors: readonly IntegrationDoor[];
}
/** What is stored of a secret, in two forms: for the doors of the Gateway and for nats-server. */
export interface SecretHashes {
  readonly prefix: string;
  readonly hash: string;
  readonly natsHash: string;
}
export type IntegrationAggregate =
  | { readonly status: 'unknown' }
  | ({ readonly status: 'active'; readonly suspended: boolean } & Held)
  | { readonly status: 'revoked' };

interface Ordered {
  readonly integrationId: string;
  readonly at: string;
}
/** What whoever orders it may do. */
interface By {
  readonly may: readonly Permission[];
}

export type IntegrationCommand =
  | (Ordered & By & { type: 'create' } & Held & SecretHashes)
  | (Ordered & By & { type: 'change' } & { readonly [Field in keyof Held]?: Held[Field] | undefined })
  | (Ordered & By & { type: 'replace-secret' } & SecretHashes)
  | (Ordered & { type: 'suspend'; because: SuspensionCause; reason?: string | undefined })
  | (Ordered & { type: 'resume' })
  | (Ordered & { type: 'revoke' });

/** Which outsiders may read which facts, and where they are let in. */
export const integrationDecider: Decider<IntegrationAggregate, IntegrationCommand, IntegrationEvent> = {
  initial: { status: 'unknown' },

  evolve(integration, event) {
    if (event.type === 'IntegrationCreated') {
      const { name, streams, doors } = event.data;
      return { status: 'active', suspended: false, name, streams, doors };
    }
    if (integration.status !== 'active') return integration;
    switch (event.type) {
      case 'IntegrationChanged': {
        const { name, streams, doors } = event.data;
        return {
          ...integration,
          ...(name && { name: name.to }),
          ...(streams && { streams: streams.to }),
          ...(doors && { doors: doors.to }),
        };
      }
      case 'IntegrationSecretReplaced':
        return integration;
      case 'IntegrationSuspended':
      case 'IntegrationResumed':
        return { ...integration, suspended: event.type === 'IntegrationSuspended' };
      case 'IntegrationRevoked':
        return { status: 'revoked' };
    }
  },

  decide(command, integration) {
    if (command.type === 'create') return created(command, integration);
    if (integration.status === 'unknown') throw new Refusal('integration-unknown');
    const { integrationId, at } = command;
    if (integration.status === 'revoked') {
      if (command.type === 'revoke') return [];
      throw new Refusal('integration-revoked');
    }
    switch (command.type) {
      case 'change':
        return changed(command, integration);
      case 'replace-secret': {
        // Whoever is shown the secret can read with it.
        giveOnly(integration.streams, command.may);
        const { prefix, hash, natsHash } = command;
        return [{ type: 'IntegrationSecretReplaced', data: { integrationId, prefix, hash, natsHash, at } }];
      }
      case 'suspend': {
        const { because, reason } = command;
        if (integration.suspended) return [];
        return [{ type: 'IntegrationSuspended', data: { integrationId, because, ...(reason && { reason }), at } }];
      }
      case 'resume':
        return integration.suspended ? [{ type: 'IntegrationResumed', data: { integrationId, at } }] : [];
      case 'revoke':
        return [{ type: 'IntegrationRevoked', data: { integrationId, at } }];
    }
  },
};

function created(
  command: Extract<IntegrationCommand, { type: 'create' }>,
  integration: IntegrationAggregate,
): IntegrationEvent[] {
  const { integrationId, name, prefix, hash, natsHash, at } = command;
  if (integration.status !== 'unknown')
    throw new Refusal('bad-input', { field: 'integrationId', words: 'Another integration has this id' });
  giveOnly(command.streams, command.may);
  const [streams, doors] = [sorted(command.streams), sorted(command.doors)];
  return [{ type: 'IntegrationCreated', data: { integrationId, name, streams, doors, prefix, hash, natsHash, at } }];
}

function changed(
  { integrationId, at, may, name, streams, doors }: Extract<IntegrationCommand, { type: 'change' }>,
  held: Held,
): IntegrationEvent[] {
  const change = {
    ...changeOf('name', held.name, name),
    ...changeOf('streams', [...held.streams], streams && sorted(streams)),
    ...changeOf('doors', [...held.doors], doors && sorted(doors)),
  };
  if (Object.keys(change).length === 0) return [];
  // To take a stream away nothing more is needed.
  giveOnly(streams?.filter((stream) => !held.streams.includes(stream)) ?? [], may);
  return [{ type: 'IntegrationChanged', data: { integrationId, ...change, at } }];
}

const giveOnly = (streams: readonly StreamName[], may: readonly Permission[]): void =>
  giveStreams('You can let others read', streams, may);
