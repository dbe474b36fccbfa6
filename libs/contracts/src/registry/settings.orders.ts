import * as z from 'zod/mini';
import { orderTo } from '../order.js';
import { Changed } from './node.orders.js';
import { AccessKey, AccessKeyId } from './settings.events.js';
import { SettingsValues } from './settings.values.js';

/** The version of the settings that the caller has seen: it grows with each change, and not when the key is merely shown. */
const expectedVersion = z.optional(z.number().check(z.int(), z.gte(1)));

/** The key in clear, for the page that shows it to somebody who may see it. Being shown is a fact. */
export const ShowAccessKey = orderTo('registry', 'show-access-key', {
  request: z.object({}),
  reply: z.object({ accessKey: AccessKey, keyId: AccessKeyId }),
  allowed: 'settings:manage',
});

/**
 * Takes the given key, or makes a new one of 256 random bits when none is given, and begins a rotation: nodes are linked with
 * the former key as long as they have only that one. While one is on, only the former key itself may be put back.
 */
export const ChangeAccessKey = orderTo('registry', 'change-access-key', {
  request: z.object({ accessKey: z.optional(AccessKey), expectedVersion }),
  reply: z.object({ keyId: AccessKeyId, version: z.number() }),
  allowed: 'settings:manage',
});

/** Gives the former key up now, whoever still has only that one. Says nothing when no rotation is on. */
export const EndKeyRotation = orderTo('registry', 'end-key-rotation', {
  request: z.object({ expectedVersion }),
  reply: Changed,
  allowed: 'settings:manage',
});

/** Every setting; the access keys by their ids alone. */
export const ReadSettings = orderTo('registry', 'read-settings', {
  request: z.object({}),
  reply: z.extend(SettingsValues, {
    accessKey: z.object({ keyId: AccessKeyId, changedAt: z.iso.datetime() }),
    /** While nodes may still have the former key. */
    rotation: z.optional(z.object({ formerKeyId: AccessKeyId, since: z.iso.datetime() })),
    version: z.number(),
  }),
  allowed: 'settings:manage',
});

/** Changes what is given and leaves the rest. What does not differ from what is in force is no change and no fact. */
export const ChangeSettings = orderTo('registry', 'change-settings', {
  request: z.extend(z.partial(SettingsValues), { expectedVersion }),
  reply: Changed,
  allowed: 'settings:manage',
});

export const settingsOrders = { ShowAccessKey, ChangeAccessKey, EndKeyRotation, ReadSettings, ChangeSettings };
