import * as z from 'zod/mini';
import { NodeId } from './node.events.js';
import { SettingsValues } from './settings.values.js';

/** Names an access key without giving it away: the first 8 hex digits of SHA-256 over the key. */
export const AccessKeyId = z.string().check(z.regex(/^[0-9a-f]{8}$/));

/** 256 bits as 43 characters of base64url (RFC 4648 5, without padding). */
export const AccessKey = z
  .string('The access key must be text')
  .check(z.regex(/^[A-Za-z0-9_-]{43}$/, 'The access key must be 43 characters: letters, digits, - and _'));

const at = z.iso.datetime();
const fact = <Type extends string, Data extends z.core.$ZodLooseShape>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), data: z.object({ ...data, at }) });

/** With `from`, a rotation begins: nodes that have only the former key are linked with that one until it ends. */
export const AccessKeyChanged = fact('AccessKeyChanged', { keyId: AccessKeyId, from: z.optional(AccessKeyId) });
/** Somebody was shown the access key in clear. */
export const AccessKeyShown = fact('AccessKeyShown', { keyId: AccessKeyId });

/** From here on the former key is worth nothing. `left` are the activated nodes that were not seen to have the new one. */
export const AccessKeyRotationEnded = fact('AccessKeyRotationEnded', {
  keyId: AccessKeyId,
  former: AccessKeyId,
  left: z.array(NodeId),
});

const { shape } = SettingsValues;
const changed = <Type extends string, Value extends z.ZodMiniType>(type: Type, value: Value) =>
  fact(type, { from: value, to: value });

/** Requests count as delayed from another duration on, in milliseconds. */
export const DelayedThresholdChanged = changed('DelayedThresholdChanged', shape.delayedThresholdMs);
/** Other addresses may be dialled than before. */
export const DialSettingsChanged = changed('DialSettingsChanged', shape.dial);
/** What is no fact is kept for another time than before. */
export const RetentionChanged = changed('RetentionChanged', shape.retention);
/** The console may be opened under other further addresses. */
export const AllowedOriginsChanged = changed('AllowedOriginsChanged', shape.allowedOrigins);
/** Requests are served without an API key from now on. */
export const InferenceOpened = fact('InferenceOpened', {});
/** Requests need an API key from now on. */
export const InferenceClosed = fact('InferenceClosed', {});

/** What is decided about the Gateway as a whole. Stream `settings-gateway`, on the bus in ACCESS. */
export const SettingsEvent = z.discriminatedUnion('type', [
  AccessKeyChanged,
  AccessKeyShown,
  AccessKeyRotationEnded,
  DelayedThresholdChanged,
  DialSettingsChanged,
  RetentionChanged,
  AllowedOriginsChanged,
  InferenceOpened,
  InferenceClosed,
]);
export type SettingsEvent = z.infer<typeof SettingsEvent>;
