import * as z from 'zod/mini';
import { Sealed } from '../sealed.js';
import { AccessKeyId } from './settings.events.js';
import { SettingsValues, shippedSettings } from './settings.values.js';

const SealedKey = z.object({ keyId: AccessKeyId, sealed: Sealed });
const { shape } = SettingsValues;

/**
 * The settings in force: bucket SETTINGS, key `gateway`, written by the registry, watched by whoever acts on them. Whatever an
 * older registry did not know has the value as shipped.
 */
export const SettingsState = z.object({
  accessKey: SealedKey,
  /** While a rotation is on: the key that nodes may still have. */
  previousAccessKey: z.optional(SealedKey),
  /** Grows with each change, and not when the key is merely shown. */
  version: z._default(z.number(), 0),
  delayedThresholdMs: z._default(shape.delayedThresholdMs, shippedSettings.delayedThresholdMs),
  inferenceOpen: z._default(shape.inferenceOpen, shippedSettings.inferenceOpen),
  dial: z._default(shape.dial, shippedSettings.dial),
  retention: z._default(shape.retention, shippedSettings.retention),
  allowedOrigins: z._default(shape.allowedOrigins, shippedSettings.allowedOrigins),
});
export type SettingsState = z.infer<typeof SettingsState>;
