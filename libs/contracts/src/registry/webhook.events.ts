import * as z from 'zod/mini';
import { hostProblem, Port } from '../address.js';
import { ReadFrom } from '../bus/position.js';
import { visibleRemark, visibleText } from '../text.js';
import { IntegrationStreams } from './integration.events.js';

export const WebhookId = z.uuid('The webhook id must be a UUID');

/** What people call a webhook: 1 to 64 visible characters. Several may have the same. */
export const WebhookName = visibleText('The name', 64);

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Scheme, user, host, port, and what follows; without white space. */
const ADDRESS = /^([a-z]+):\/\/([^\s/?#]*@)?(\[[^\s\]]*\]|[^\s/?#:[\]]*)(?::(\d{1,5}))?(?:[/?][^\s#]*)?(#\S*)?$/i;

/** What is wrong with an address that facts are to be sent to, or undefined. */
export function webhookUrlProblem(text: string): string | undefined {
  const [, scheme = '', user, host, port, hash] = ADDRESS.exec(text) ?? [];
  if (host === undefined) return 'This is not an address: write it whole, as in https://desk.example/muster';
  if (user !== undefined)
    return 'Leave out user and password: the address stands in the history, and the signature proves who sends';
  if (hash !== undefined) return 'Leave out what follows the #: it is never sent';
  const problem = hostProblem(host.replace(/^\[|\]$/g, ''));
  if (problem !== undefined) return problem;
  if (port !== undefined && !Port.safeParse(Number(port)).success) return 'The port must lie between 1 and 65535';
  if (scheme.toLowerCase() === 'https') return undefined;
  return scheme.toLowerCase() === 'http' && LOOPBACK.test(host)
    ? undefined
    : 'The address must begin with https://. Plain http:// is for this machine alone';
}

/** Where facts are sent to. It stands in facts: there is no secret in it. */
export const WebhookUrl = z.string('The address must be text').check(
  z.maxLength(2_048, 'The address is longer than 2048 characters'),
  z.check((context) => {
    const problem = webhookUrlProblem(context.value);
    if (problem !== undefined) context.issues.push({ code: 'custom', message: problem, input: context.value });
  }),
);

/** Types of facts, as NodeRenamed. None chosen: all of the streams. */
export const FactTypes = z
  .array(z.string().check(z.regex(/^[A-Z][A-Za-z]{0,63}$/, 'This must be a type of fact, as NodeRenamed')))
  .check(z.maxLength(64, 'At most 64 types'));

/** Why a webhook is paused. */
export const pauseCauses = {
  'by-hand': 'Paused by hand',
  failing: 'It took nothing for too long',
  gone: 'The receiver answered 410: it does not want any more',
} as const;
export type PauseCause = keyof typeof pauseCauses;
export const PauseCause = z.enum(
  Object.keys(pauseCauses) as [PauseCause, ...PauseCause[]],
  'This is not a cause of a pause',
);

/** Words of whoever pauses it, or what went wrong last. */
export const PauseReason = visibleRemark('The reason', 200);

const at = z.iso.datetime();
const changeOf = <Value extends z.ZodMiniType>(value: Value) => z.optional(z.object({ from: value, to: value }));
const fact = <Type extends string, Data extends z.core.$ZodLooseShape>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), data: z.object({ webhookId: WebhookId, ...data, at }) });

/** Facts are sent to an address from now on. */
export const WebhookCreated = fact('WebhookCreated', {
  name: WebhookName,
  url: WebhookUrl,
  streams: IntegrationStreams,
  types: FactTypes,
  /** From where facts are sent; absent: from then on. */
  from: z.optional(ReadFrom),
});

/** What was changed, each with what it was before. */
export const WebhookChanged = fact('WebhookChanged', {
  name: changeOf(WebhookName),
  url: changeOf(WebhookUrl),
  streams: changeOf(IntegrationStreams),
  types: changeOf(FactTypes),
});

/** Signed with the secret of this number from now on, and for a day with the one before as well. The first is 1. */
export const WebhookSecretReplaced = fact('WebhookSecretReplaced', {
  secretVersion: z.number().check(z.int(), z.gte(2)),
});

/** Nothing is sent until somebody resumes it. Its place is kept. */
export const WebhookPaused = fact('WebhookPaused', { because: PauseCause, reason: z.optional(PauseReason) });

/** Sent again, from where it was paused. */
export const WebhookResumed = fact('WebhookResumed', {});

/** What was sent before is sent again from there. */
export const WebhookReplayOrdered = fact('WebhookReplayOrdered', { from: ReadFrom });

/** Nothing is sent any more, for good. */
export const WebhookRemoved = fact('WebhookRemoved', {});

/** What is decided about webhooks. Stream `webhook-<webhookId>`, on the bus in ACCESS. Never a secret. */
export const WebhookEvent = z.discriminatedUnion('type', [
  WebhookCreated,
  WebhookChanged,
  WebhookSecretReplaced,
  WebhookPaused,
  WebhookResumed,
  WebhookReplayOrdered,
  WebhookRemoved,
]);
export type WebhookEvent = z.infer<typeof WebhookEvent>;
