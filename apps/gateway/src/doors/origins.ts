import type { IncomingHttpHeaders } from 'node:http';
import { COMMAND_ID_HEADER, Refusal } from '@muster/contracts';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

const foreign = (words: string) => new Refusal('origin-refused', { words });

/**
 * Refuses a REST call that another page could have sent on behalf of whoever is signed in. A browser names the page that
 * calls: in `Origin` on every call that is no read (Fetch standard, 3.2), and in `Sec-Fetch-Site` on all of them. So when
 * either is there it must be ours; when both are absent no browser sent it, and then no cookie came along unasked. Calls
 * that change something also carry the command's id in a header, which no form and no foreign page can send.
 */
export function checkOrigin(method: string, headers: IncomingHttpHeaders, allowed: ReadonlySet<string>): void {
  const site = headers['sec-fetch-site'];
  const { origin } = headers;
  if (origin !== undefined && !allowed.has(origin)) throw foreign('This page may not call this Gateway.');
  // `none` is an address typed or followed from outside a page: harmless to read, no way to change anything.
  if (site !== undefined && site !== 'same-origin' && !(site === 'none' && READS.has(method)))
    throw foreign('Only the console itself may call this Gateway from a browser.');
  if (!READS.has(method) && headers[COMMAND_ID_HEADER] === undefined)
    throw foreign(`A call that changes something needs the header ${COMMAND_ID_HEADER} with a UUID.`);
}

/** Whether a socket may be opened: a browser always names the page in `Origin`; whoever sends none is no browser. */
export const originMaySocket = (origin: string | undefined, allowed: ReadonlySet<string>): boolean =>
  origin === undefined || allowed.has(origin);
