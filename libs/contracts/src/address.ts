import * as z from 'zod/mini';

/** The port a node listens on unless told otherwise. */
export const DEFAULT_NODE_PORT = 8022;

const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;

/**
 * What is wrong with a host, or undefined. Accepts a host name (RFC 1123, and the underscore that many networks use), a
 * dotted IPv4 address, or an IPv6 address without brackets. A name whose last label is a number is no name (WHATWG URL,
 * "ends in a number"): so 2130706433, 0x7f.1 and 127.1 are refused and not silently read as 127.0.0.1.
 */
export function hostProblem(host: string): string | undefined {
  if (host.length === 0) return 'The host is empty';
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(host)) return 'Leave out the scheme: enter the host alone, as in gpu-04.lab';
  if (/\s/u.test(host)) return 'The host contains a space';
  if (/[/?#]/.test(host)) return 'Leave out the path: enter the host alone, as in gpu-04.lab';
  if (host.includes('@')) return 'Leave out the user: enter the host alone, as in gpu-04.lab';
  if (host.length > 253) return 'The host is longer than 253 characters';
  if (host.includes(':'))
    return isIpv6(host) ? undefined : 'The host is not an IPv6 address, and a port belongs in its own field';
  if (IPV4.test(host)) return undefined;
  const labels = (host.endsWith('.') ? host.slice(0, -1) : host).split('.');
  if (/^(?:\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? ''))
    return 'The host looks like an IP address but is not one: write four numbers, as in 10.0.4.17';
  return labels.every((label) => LABEL.test(label))
    ? undefined
    : 'The host is not a host name: letters, digits, hyphens and dots only';
}

/** RFC 4291 2.2, textual forms 1 to 3; no zone. */
function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1);
  const tail = last !== undefined && IPV4.test(last) ? 2 : 1;
  if (!groups.slice(0, tail === 2 ? -1 : undefined).every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  const count = groups.length + tail - 1;
  return halves.length === 2 ? count < 8 : count === 8;
}

export const Host = z.string('The host must be text').check(
  z.check((context) => {
    const problem = hostProblem(context.value);
    if (problem !== undefined) context.issues.push({ code: 'custom', message: problem, input: context.value });
  }),
);

/** A TCP port. Which ports may be dialled is the Gateway's setting, not part of what a port is. */
export const Port = z.number('The port must be a number').check(
  z.refine((port) => Number.isInteger(port), { error: 'The port must be a whole number', abort: true }),
  z.refine((port) => port >= 1 && port <= 65_535, 'The port must lie between 1 and 65535'),
);

/** `host:port` for people, IPv6 in brackets (RFC 3986 3.2.2). */
export const showAddress = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** Two addresses with the same key are the same address: letter case and a final dot make no difference. */
export const addressKey = (host: string, port: number): string =>
  showAddress(host.toLowerCase().replace(/\.$/, ''), port);
