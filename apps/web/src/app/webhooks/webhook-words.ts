import { type DeliveryOutcome, type ListedWebhook, pauseCauses, type WebhookDelivery } from '@muster/contracts';
import { count, span } from '../ui/format.js';

export const stateTitles: Record<ListedWebhook['state'], string> = {
  active: 'Active',
  failing: 'Failing',
  paused: 'Paused',
};

const outcomes: Record<DeliveryOutcome, string> = {
  delivered: 'Taken',
  refused: 'Refused',
  redirected: 'Pointed elsewhere',
  'timed-out': 'No answer in time',
  'connection-failed': 'Not reached',
  'tls-failed': 'No encryption that can be trusted',
  'name-not-found': 'Name not found',
  'address-not-allowed': 'Address not allowed',
  missed: 'Told of what is not kept any more',
};

/** What became of a try, as in "Refused with 503". */
export const outcomeWords = ({ outcome, status }: Pick<WebhookDelivery, 'outcome' | 'status'>): string =>
  status === undefined ? outcomes[outcome] : `${outcomes[outcome]} with ${status}`;

/** Where it sends to, short: the whole address stands in its dialog. */
export const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url);

/** What it sends, as in "NodeRenamed of FLEET" and "Every fact of FLEET, HEALTH". */
export function sendsWords({ streams, types }: Pick<ListedWebhook, 'streams' | 'types'>): string {
  const what = types.length === 0 ? 'Every fact' : types.length <= 3 ? types.join(', ') : count(types.length, 'type');
  return `${what} of ${streams.join(', ')}`;
}

/** Why it does not send as it should, as in "Paused by hand: moving (3 min ago)"; undefined while it does. */
export function troubleWords(webhook: Pick<ListedWebhook, 'paused' | 'failingSince'>, nowMs: number) {
  const ago = (at: string): string => span(nowMs - Date.parse(at));
  const { paused, failingSince } = webhook;
  if (paused !== undefined) {
    const why = [pauseCauses[paused.because], paused.reason].filter(Boolean).join(': ');
    return `${why} (${ago(paused.since)} ago). Its place is kept.`;
  }
  return failingSince === undefined ? undefined : `It has taken nothing for ${ago(failingSince)}, and is tried again.`;
}

/** How far it is, as in "Up to date" and "1,204 facts behind"; undefined where nobody knows. */
export function behindWords({ behind }: Pick<ListedWebhook, 'behind'>): string | undefined {
  if (behind === undefined) return undefined;
  return behind === 0 ? 'Up to date' : `${count(behind, 'fact')} behind`;
}

/** A receiver's check that what came is Muster's and new; Standard Webhooks 1.0. */
export const verifyProgram = (): string => `import { createHmac, timingSafeEqual } from 'node:crypto';

// Over the bytes of the body as they came, before they are read as JSON.
export function isFromMuster(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': given = '' } = headers;
  if (!(Math.abs(Date.now() / 1000 - Number(at)) < 300)) return false;
  const key = Buffer.from(process.env.MUSTER_WEBHOOK_SECRET.slice('whsec_'.length), 'base64');
  const own = createHmac('sha256', key).update(\`\${id}.\${at}.\`).update(body).digest();
  return given.split(' ').some((each) => {
    const other = Buffer.from(each.replace(/^v1,/, ''), 'base64');
    return other.length === own.length && timingSafeEqual(other, own);
  });
}`;
