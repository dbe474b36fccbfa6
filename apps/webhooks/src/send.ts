import { type Agent, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { webhookSignature } from '@muster/bus';
import type { DeliveryOutcome } from '@muster/contracts';
import type { Resolver } from '@muster/service';

export interface Message {
  readonly messageId: string;
  /** A CloudEvent in structured mode. */
  readonly body: string;
}

export interface Sent {
  readonly outcome: DeliveryOutcome;
  readonly status?: number;
}

export interface SendOptions {
  readonly url: string;
  /** The present one, and the one before as long as it holds. */
  readonly secrets: readonly string[];
  readonly resolver: Pick<Resolver, 'resolve'>;
  readonly agent: Agent;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** Everything together: the name, the connection, and the answer with its body. */
const WITHIN_MS = 10_000;
const RESOLVE_WITHIN_MS = 3_000;
/** Of an answer this much is read, so that the connection can be used again; nobody looks at it. */
const MOST_ANSWER_BYTES = 4 * 1024;

/**
 * Sends one message once, as Standard Webhooks 1.0 says: signed, nowhere else than to the address that was judged, and wherever an
 * answer points to, not there. Never rejects.
 */
export async function send(message: Message, options: SendOptions): Promise<Sent> {
  const url = new URL(options.url);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  const resolved = await options.resolver.resolve(host, port, RESOLVE_WITHIN_MS);
  if (resolved.outcome === 'failed') return { outcome: resolved.cause };
  return post(url, resolved.addresses, message, options);
}

function post(
  url: URL,
  addresses: readonly string[],
  { messageId, body }: Message,
  { secrets, agent, seconds, signal }: SendOptions,
): Promise<Sent> {
  return new Promise((resolve) => {
    const lateness = AbortSignal.timeout(WITHIN_MS);
    const request = (url.protocol === 'https:' ? requestTls : requestPlain)(url, {
      method: 'POST',
      agent,
      lookup: onlyThese(addresses),
      signal: AbortSignal.any([lateness, signal]),
      headers: {
        'content-type': 'application/cloudevents+json; charset=utf-8',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'Muster-Webhooks',
        'webhook-id': messageId,
        'webhook-timestamp': String(seconds),
        'webhook-signature': secrets.map((secret) => webhookSignature(secret, { messageId, seconds, body })).join(' '),
      },
    });
    request.once('response', (response) => {
      const { statusCode: status = 0 } = response;
      let read = 0;
      const told: Sent = { outcome: outcomeOf(status), status };
      response.on('data', (chunk: Buffer) => {
        read += chunk.length;
        if (read > MOST_ANSWER_BYTES) request.destroy();
      });
      // The status is the answer: what becomes of the rest of it makes no difference, unless it never ends.
      response.once('close', () => {
        resolve(lateness.aborted ? { outcome: 'timed-out' } : told);
      });
      response.once('error', () => undefined);
    });
    request.once('error', (error) => {
      resolve({ outcome: lateness.aborted ? 'timed-out' : failureOf(error) });
    });
    request.end(body);
  });
}

const outcomeOf = (status: number): DeliveryOutcome => {
  if (status >= 200 && status < 300) return 'delivered';
  return status >= 300 && status < 400 ? 'redirected' : 'refused';
};

/** The codes of OpenSSL's and Node's own errors about certificates and handshakes all speak of them. */
const failureOf = (error: NodeJS.ErrnoException): DeliveryOutcome =>
  /CERT|SSL|TLS|SELF_SIGNED|ALTNAME|EPROTO/.test(error.code ?? '') ? 'tls-failed' : 'connection-failed';

/** The name is not asked for again: what was judged is what is dialled. */
const onlyThese =
  (addresses: readonly string[]): LookupFunction =>
  (_host, options, done) => {
    const found = addresses.map((address) => ({ address, family: isIP(address) }));
    const [first = { address: '', family: 0 }] = found;
    if (options.all === true) done(null, found);
    else done(null, first.address, first.family);
  };
