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

/** What a browser calls itself, short enough for a line: its name and system where they are known ones. */
export function deviceWords(device: string): string {
  const browser = /\b(Edg|OPR|Firefox|Chrome|Safari)\b/.exec(device)?.[1];
  const system = /\b(Windows|Android|iPhone|iPad|Mac OS X|CrOS|Linux)\b/.exec(device)?.[1];
  if (browser === undefined) return device.trim() === '' ? 'Unknown device' : device;
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', 'Mac OS X': 'macOS', CrOS: 'ChromeOS' };
  const name = names[browser] ?? browser;
  return system === undefined ? name : `${name} on ${names[system] ?? system}`;
}
