import * as z from 'zod/mini';

/** Names an access key without giving it away: the first 8 hex digits of SHA-256 over the key. */
export const AccessKeyId = z.string().check(z.regex(/^[0-9a-f]{8}$/));

/** 256 bits as 43 characters of base64url (RFC 4648 5, without padding). */
export const AccessKey = z
  .string('The access key must be text')
  .check(z.regex(/^[A-Za-z0-9_-]{43}$/, 'The access key must be 43 characters: letters, digits, - and _'));

const at = z.iso.datetime();
const fact = <Type extends string, Data extends z.core.$ZodLooseShape>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), data: z.object({ ...data, at }) });

export const AccessKeyChanged = fact('AccessKeyChanged', { keyId: AccessKeyId, from: z.optional(AccessKeyId) });
export const AccessKeyShown = fact('AccessKeyShown', { keyId: AccessKeyId });

/** What is decided about the Gateway as a whole. Stream `settings-gateway`, on the bus in ACCESS. */
export const SettingsEvent = z.discriminatedUnion('type', [AccessKeyChanged, AccessKeyShown]);
export type SettingsEvent = z.infer<typeof SettingsEvent>;
