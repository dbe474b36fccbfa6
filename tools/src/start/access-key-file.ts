import { readFile } from 'node:fs/promises';
import { type Bus, unseal } from '@muster/bus';
import { SettingsState } from '@muster/contracts';
import { writeWhole } from './data-folder.js';

export interface AccessKeyFile {
  /** Resolves when the file holds the key in force for the first time. */
  readonly written: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Keeps the local node service's key file in step with the registry: the key in force comes sealed in the settings, and each
 * change is written so that the node service, which watches the file, takes it up without a restart.
 */
export function keepAccessKeyFile(bus: Bus, secret: string, path: string): AccessKeyFile {
  let tellWritten: () => void = () => undefined;
  const written = new Promise<void>((resolve) => (tellWritten = resolve));
  const watching = bus.bucket('SETTINGS', SettingsState).watch(async (change) => {
    if (change.change === 'deleted') return;
    const line = `${unseal(secret, change.value.accessKey.sealed)}\n`;
    const before = await readFile(path, 'utf8').catch(() => undefined);
    if (before !== line) await writeWhole(path, line);
    tellWritten();
  });
  return { written, stop: () => watching.stop() };
}
