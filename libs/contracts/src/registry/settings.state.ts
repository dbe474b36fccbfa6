import * as z from 'zod/mini';
import { Sealed } from '../sealed.js';
import { AccessKeyId } from './settings.events.js';

/** The settings in force: bucket SETTINGS, key `gateway`, written by the registry, watched by whoever acts on them. */
export const SettingsState = z.object({
  accessKey: z.object({ keyId: AccessKeyId, sealed: Sealed }),
});
export type SettingsState = z.infer<typeof SettingsState>;
