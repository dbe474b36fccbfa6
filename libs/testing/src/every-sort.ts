import { allPermissions, type Permission } from '@muster/contracts';

/** Somebody as a door can tell them from others: by what they may. */
export interface Sort {
  readonly who: string;
  readonly may: readonly Permission[];
}

/** Everybody a door could be wrong about: who may nothing, each one thing alone, all but one thing, and everything. */
export const everySort: readonly Sort[] = [
  { who: 'nobody in particular', may: [] },
  ...allPermissions.map((permission) => ({ who: `${permission} alone`, may: [permission] })),
  ...allPermissions.map((permission) => ({
    who: `all but ${permission}`,
    may: allPermissions.filter((other) => other !== permission),
  })),
  { who: 'an administrator', may: allPermissions },
];
