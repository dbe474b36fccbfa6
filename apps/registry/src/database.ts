import { openDatabase } from '@muster/event-store';
import type { DataSource } from 'typeorm';
import { AccountRow, CredentialRow } from './accounts/accounts.table.js';
import { FamiliarAddressRow } from './accounts/familiar-addresses.table.js';
import { SessionRow } from './accounts/sessions.table.js';
import { FailedTriesRow } from './accounts/throttle.table.js';
import { ApiKeyRow } from './api-keys/api-keys.table.js';
import { IntegrationRow } from './integrations/integrations.table.js';
import { Registry1764000000001 } from './migrations/1764000000001-registry.js';
import { History1764000000010 } from './migrations/1764000000010-history.js';
import { ManagedAccounts1764000000011 } from './migrations/1764000000011-managed-accounts.js';
import { ApiKeys1764000000020 } from './migrations/1764000000020-api-keys.js';
import { SearchedHistory1764000000030 } from './migrations/1764000000030-searched-history.js';
import { Integrations1764000000040 } from './migrations/1764000000040-integrations.js';
import { MilestoneRow } from './nodes/milestones.table.js';
import { SecretRow } from './settings/secrets.table.js';

const ENTITIES = [
  AccountRow,
  ApiKeyRow,
  CredentialRow,
  FailedTriesRow,
  FamiliarAddressRow,
  IntegrationRow,
  MilestoneRow,
  SecretRow,
  SessionRow,
];

/** What the registry has in its part of the database beside the event store. */
export const registryTables = {
  entities: ENTITIES,
  migrations: [
    Registry1764000000001,
    History1764000000010,
    ManagedAccounts1764000000011,
    ApiKeys1764000000020,
    SearchedHistory1764000000030,
    Integrations1764000000040,
  ],
};

/** Opens the registry's part of the database, up to date. Rejects with an Outage when the server does not answer. */
export const openRegistryDatabase = (url: string, onLost: (error: Error) => void): Promise<DataSource> =>
  openDatabase({ url, schema: 'registry', applicationName: 'registry', ...registryTables, onLost });
