import * as z from 'zod/mini';
import { HealthEvent } from '../monitor/health.events.js';
import { AccountEvent } from '../registry/account.events.js';
import { ApiKeyEvent } from '../registry/api-key.events.js';
import { IntegrationEvent } from '../registry/integration.events.js';
import { NodeEvent } from '../registry/node.events.js';
import { WebhookEvent } from '../registry/webhook.events.js';
import { SettingsEvent } from '../registry/settings.events.js';
import type { StreamName } from './streams.js';

/** A family of facts: one aggregate's events and where they go on the bus. */
export interface FactFamily<Schema extends z.ZodMiniType = z.ZodMiniType> {
  readonly schema: Schema;
  readonly stream: StreamName;
  /** What every subject of the family begins with; the aggregate's id and the fact's name follow. */
  readonly prefix: string;
  /** The service whose store holds them: the CloudEvents `source` is `/muster/<service>`. */
  readonly service: 'registry' | 'monitor';
  /** The noun that every type name begins with. */
  readonly noun: string;
}

/** Every fact that a store keeps. The one table behind subjects and the types of CloudEvents; for requests see `request-message.ts`. */
export const factFamilies = {
  node: { schema: NodeEvent, stream: 'FLEET', prefix: 'muster.fleet.node', service: 'registry', noun: 'Node' },
  account: {
    schema: AccountEvent,
    stream: 'ACCESS',
    prefix: 'muster.access.account',
    service: 'registry',
    noun: 'Account',
  },
  key: { schema: ApiKeyEvent, stream: 'ACCESS', prefix: 'muster.access.key', service: 'registry', noun: 'ApiKey' },
  integration: {
    schema: IntegrationEvent,
    stream: 'ACCESS',
    prefix: 'muster.access.integration',
    service: 'registry',
    noun: 'Integration',
  },
  webhook: {
    schema: WebhookEvent,
    stream: 'ACCESS',
    prefix: 'muster.access.webhook',
    service: 'registry',
    noun: 'Webhook',
  },
  settings: {
    schema: SettingsEvent,
    stream: 'ACCESS',
    prefix: 'muster.access.settings',
    service: 'registry',
    noun: '',
  },
  health: { schema: HealthEvent, stream: 'HEALTH', prefix: 'muster.health.node', service: 'monitor', noun: 'Node' },
} as const satisfies Record<string, FactFamily>;

export type FactFamilyName = keyof typeof factFamilies;

/** The stream of the store that the facts of one aggregate are in: `node-<nodeId>`. */
export function streamOf(family: FactFamily, id: string): string {
  const name = Object.entries(factFamilies).find(([, each]) => each === family)?.[0];
  if (name === undefined) throw new Error(`The facts on ${family.prefix} are of no family`);
  return `${name}-${id}`;
}

/** The id of the aggregate that a stream of the store belongs to: `node-<id>` → `<id>`. */
export const aggregateId = (stream: string): string => stream.slice(stream.indexOf('-') + 1);

/** `NodeCertificatePinned` → `certificate-pinned`. */
export const factName = (family: FactFamily, type: string): string =>
  type
    .slice(type.startsWith(family.noun) ? family.noun.length : 0)
    .replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-')
    .toLowerCase();

/** The family of a stream of the store, by what its name begins with: `node-…`, `account-…`, `key-…`, `integration-…`, `settings-…`, `health-…`. */
export function familyOfStream(stream: string): FactFamily {
  const name = stream.slice(0, stream.indexOf('-'));
  if (!(name in factFamilies)) throw new Error(`The stream ${stream} belongs to no family of facts`);
  return factFamilies[name as FactFamilyName];
}

/** The subject a fact is published on: `muster.fleet.node.<nodeId>.registered`. */
export const factSubject = ({ stream, type }: { stream: string; type: string }): string => {
  const family = familyOfStream(stream);
  return `${family.prefix}.${aggregateId(stream)}.${factName(family, type)}`;
};

/** The CloudEvents type of a fact: `muster.fleet.node.registered`. */
export const cloudEventType = ({ stream, type }: { stream: string; type: string }): string => {
  const family = familyOfStream(stream);
  return `${family.prefix}.${factName(family, type)}`;
};
