import * as z from 'zod/mini';
import { orderTo } from '../order.js';
import { AccessKey, AccessKeyId } from './settings.events.js';

/** The key in clear, for the page that shows it to somebody who may see it. Being shown is a fact. */
export const ShowAccessKey = orderTo('registry', 'show-access-key', {
  request: z.object({}),
  reply: z.object({ accessKey: AccessKey, keyId: AccessKeyId }),
  allowed: 'settings:manage',
});

/** Takes the given key, or makes a new one of 256 random bits when none is given. Links are made anew with it. */
export const ChangeAccessKey = orderTo('registry', 'change-access-key', {
  request: z.object({ accessKey: z.optional(AccessKey) }),
  reply: z.object({ keyId: AccessKeyId, version: z.number() }),
  allowed: 'settings:manage',
});

export const ReadSettings = orderTo('registry', 'read-settings', {
  request: z.object({}),
  reply: z.object({ accessKey: z.object({ keyId: AccessKeyId, changedAt: z.iso.datetime() }), version: z.number() }),
  allowed: 'settings:manage',
});

export const settingsOrders = { ShowAccessKey, ChangeAccessKey, ReadSettings };
