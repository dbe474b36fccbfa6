import { createHash } from 'node:crypto';
import { parseCookie, stringifySetCookie } from 'cookie';

/** How the session's cookie is called and set: settled by the address people open. */
export interface CookiePlan {
  readonly name: string;
  readonly secure: boolean;
}

/** Browsers take localhost for a secure context even over plain HTTP (Secure Contexts 3.1), and so its `Secure` cookies. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname.endsWith('.localhost') || /^(?:127(?:\.\d+){3}|\[::1\])$/.test(hostname);

/**
 * `__Host-` (RFC 6265bis 4.1.3.2) ties the cookie to this very host and needs `Secure`, which a browser only takes over
 * TLS or on localhost. Plain HTTP to another host therefore gets a plain name, and the start says so in the log.
 */
export const cookiePlan = (publicUrl: URL): CookiePlan =>
  publicUrl.protocol === 'https:' || isLoopback(publicUrl.hostname)
    ? { name: '__Host-muster-session', secure: true }
    : { name: 'muster-session', secure: false };

/** The browser may keep the cookie that long; whether the session still holds is the registry's word alone. */
const KEPT_S = 30 * 24 * 60 * 60;

const set = ({ name, secure }: CookiePlan, value: string, maxAge: number): string =>
  stringifySetCookie({ name, value, maxAge, path: '/', httpOnly: true, secure, sameSite: 'strict' });

/** The `Set-Cookie` that opens a session in the browser. */
export const openCookie = (plan: CookiePlan, token: string): string => set(plan, token, KEPT_S);

/** The `Set-Cookie` that takes it away again. */
export const closeCookie = (plan: CookiePlan): string => set(plan, '', 0);

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** The session's token from a `Cookie` header, when there is one of the right form. */
export function tokenOf(plan: CookiePlan, header: string | undefined): string | undefined {
  const token = header === undefined ? undefined : parseCookie(header)[plan.name];
  return token !== undefined && TOKEN.test(token) ? token : undefined;
}

/** What the registry knows a session by: SHA-256 of its token in hex. The token itself stays between browser and cookie. */
export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
