import { allPermissions, type Permission, type Preset, presetOf } from '@muster/contracts';
import { count } from '../ui/format.js';

/** What a type of account is called. */
export const presetTitles: Record<Preset, string> = { administrator: 'Administrator', viewer: 'Viewer' };

/** What sort of account it is, as in "Viewer" or "3 permissions". */
export function typeOf(permissions: readonly Permission[]): string {
  const preset = presetOf(permissions);
  return preset === undefined ? count(permissions.length, 'permission') : presetTitles[preset];
}

/** Those that somebody can choose from who has `may`: their own, and what the account has already. */
export const choosable = (may: readonly Permission[], has: readonly Permission[]): Permission[] =>
  allPermissions.filter((permission) => may.includes(permission) || has.includes(permission));

/** How browsers and systems are told by what they say of themselves. The first that fits: most claim to be others as well. */
const browsers = [
  ['Edg/', 'Edge'],
  ['OPR/', 'Opera'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const;
const systems = [
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Android', 'Android'],
  ['CrOS', 'ChromeOS'],
  ['Windows', 'Windows'],
  ['Mac OS X', 'macOS'],
  ['Linux', 'Linux'],
] as const;

/** What a browser calls itself, short enough for a line: its name and system where they are known ones. */
export function deviceWords(device: string): string {
  const named = (names: readonly (readonly [string, string])[]) => names.find(([mark]) => device.includes(mark))?.[1];
  const [browser, system] = [named(browsers), named(systems)];
  if (browser === undefined) return device.trim() === '' ? 'Unknown device' : device;
  return system === undefined ? browser : `${browser} on ${system}`;
}
