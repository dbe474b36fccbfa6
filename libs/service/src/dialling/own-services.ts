import { hostProblem } from '@muster/contracts';
import * as z from 'zod/mini';

const inPortRange = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535;

/** `host:port`, several with commas between; IPv6 in brackets. */
export const OwnServices = z.pipe(
  z.string(),
  z.transform((text, context) => {
    const addresses = text.split(',').flatMap((each) => {
      const [, bracketed, bare, port = ''] = /^(?:\[(.*)\]|([^:]*)):(\d{1,5})$/.exec(each.trim()) ?? [];
      const host = bracketed ?? bare ?? '';
      return hostProblem(host) === undefined && inPortRange(Number(port)) ? [{ host, port: Number(port) }] : [];
    });
    if (addresses.length === text.split(',').length) return addresses;
    context.issues.push({ code: 'custom', message: 'must be host:port, several with commas between', input: text });
    return z.NEVER;
  }),
);
