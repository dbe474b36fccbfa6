import * as z from 'zod/mini';

/** What an account may be allowed, each on its own. The one list: every door names one of these or says that it is open. */
export const permissions = {
  'fleet:view': 'See the nodes, their figures and their logs',
  'nodes:manage': 'Add, change, activate, deactivate and delete nodes',
  'executors:manage': 'Start and stop executors and change their parameters',
  'keys:manage': 'Make and revoke API keys',
  'integrations:manage': 'Let outsiders read the facts, and stop them',
  'accounts:manage': 'Make, change and delete accounts',
  'settings:manage': 'Change the configuration and see the access key',
  'playground:use': 'Send requests from the console',
} as const;

export type Permission = keyof typeof permissions;

export const allPermissions = Object.keys(permissions) as readonly Permission[];

export const Permission = z.enum(allPermissions as [Permission, ...Permission[]], 'This is not a permission');

/** Types of account that people speak of: nothing but sets of permissions to begin with. */
export const presets = {
  administrator: allPermissions,
  viewer: ['fleet:view'],
} as const satisfies Record<string, readonly Permission[]>;

export type Preset = keyof typeof presets;

/** The type whose permissions these are, in whatever order; undefined for any other set. */
export const presetOf = (given: readonly Permission[]): Preset | undefined =>
  (Object.keys(presets) as Preset[]).find((preset) => {
    const wanted: readonly Permission[] = presets[preset];
    return wanted.length === new Set(given).size && wanted.every((permission) => given.includes(permission));
  });
