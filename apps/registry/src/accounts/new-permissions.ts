import { allPermissions, type FactMeta, type Permission } from '@muster/contracts';
import { type EventStore, onDatabase } from '@muster/event-store';
import type { Clock, Ids } from '@muster/service';
import { GATEWAY } from '../gateway.js';
import type { Accounts } from './accounts.js';
import { AccountRow } from './accounts.table.js';

/** Permissions that a release before this one did not know. */
export const NEW_PERMISSIONS: readonly Permission[] = ['integrations:manage'];

/**
 * Gives a permission that came with a release to every account that has all others: nobody else could, since nobody gives what they do
 * not have. Once: as soon as anybody was ever given it, who has it is up to people.
 */
export async function giveNewPermissions(store: EventStore, accounts: Accounts, clock: Clock, ids: Ids): Promise<void> {
  for (const permission of NEW_PERMISSIONS) {
    if (await wasGiven(store, permission)) continue;
    const others = allPermissions.filter((each) => !NEW_PERMISSIONS.includes(each));
    const rows = await onDatabase(() => store.database.manager.find(AccountRow));
    for (const { accountId, permissions } of rows) {
      if (!others.every((each) => permissions.includes(each))) continue;
      const meta: FactMeta = { actor: GATEWAY, commandId: ids.uuid(), correlationId: ids.uuid() };
      const by = { accountId: undefined, may: allPermissions };
      const order = { type: 'change', accountId, permissions: [...permissions, permission], by } as const;
      await accounts.manage({ ...order, at: clock.now() }, meta);
    }
  }
}

const wasGiven = async ({ database }: EventStore, permission: Permission): Promise<boolean> => {
  const [row] = await onDatabase(() =>
    database.query<unknown[]>(
      `select 1 from accounts where $1 = any(permissions)
        union all
       select 1 from events where type in ('AccountCreated', 'AccountPermissionsChanged') and data->'permissions' ? $1
        limit 1`,
      [permission],
    ),
  );
  return row !== undefined;
};
