import * as z from 'zod/mini';
import { hostProblem } from './address.js';

const STANDARD_PORT: Readonly<Record<string, string>> = { http: '80', https: '443' };

/**
 * The origin that a browser would name for what a person entered (RFC 6454 6.2: scheme, host, port unless it is the scheme's
 * own), or what is wrong with it.
 */
export function readOrigin(text: string): { readonly origin: string } | { readonly problem: string } {
  const [, scheme = '', rest] = /^(https?):\/\/([^/]*)\/?$/i.exec(text.trim()) ?? [];
  if (rest === undefined)
    return { problem: 'Enter scheme and host alone, as in https://muster.example, without a path' };
  if (rest.includes('@')) return { problem: 'Leave out the user: enter scheme and host alone' };
  const [, bracketed, bare, port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(rest) ?? [];
  const host = (bracketed ?? bare)?.toLowerCase();
  if (host === undefined) return { problem: 'Enter a host and at most a port, as in https://muster.example:8443' };
  if (bracketed !== undefined && !bracketed.includes(':'))
    return { problem: 'Only an IPv6 address stands in brackets' };
  const wrong = hostProblem(host);
  if (wrong !== undefined) return { problem: wrong };
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
    return { problem: 'The port must lie between 1 and 65535' };
  const lower = scheme.toLowerCase();
  const shown = host.includes(':') ? `[${host}]` : host;
  const own = port === undefined || String(Number(port)) === STANDARD_PORT[lower];
  return { origin: `${lower}://${shown}${own ? '' : `:${Number(port)}`}` };
}

/** An origin of a page, in the form that browsers send. */
export const Origin = z.string('The origin must be text').check(
  z.check((context) => {
    const read = readOrigin(context.value);
    const words = 'problem' in read ? read.problem : read.origin === context.value ? undefined : `Write ${read.origin}`;
    if (words !== undefined) context.issues.push({ code: 'custom', message: words, input: context.value });
  }),
);
