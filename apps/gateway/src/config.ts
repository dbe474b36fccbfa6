import { join } from 'node:path';
import { ListenPort, OriginsEnvironment, releaseVersion, ServiceConfig } from '@muster/service';
import * as z from 'zod/mini';
import { type CookiePlan, cookiePlan, isLoopback } from './sessions/session-cookie.js';

const isOrigin = (text: string): boolean => {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/` && url.username === '';
};

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');

/** What the gateway reads from its environment. */
export const GatewayEnvironment = z.extend(ServiceConfig, {
  PORT: z._default(ListenPort, 8000),
  /** Where people open the console, as `https://muster.example`; http://localhost:PORT unless told otherwise. */
  PUBLIC_URL: z.optional(
    z.string().check(z.refine(isOrigin, 'must be an address without a path, as https://muster.example')),
  ),
  ...OriginsEnvironment,
  /** Whose `X-Forwarded-For` is believed: addresses or ranges with commas between. Nobody's unless told otherwise. */
  MUSTER_TRUSTED_PROXIES: z.optional(
    z
      .string()
      .check(
        z.refine(
          (text) =>
            listOf(text).every((each) =>
              /^(?:loopback|linklocal|uniquelocal|[0-9a-fA-F.:]+(?:\/\d{1,3})?)$/.test(each),
            ),
          'must be addresses or ranges with commas between, as 10.0.0.0/8',
        ),
      ),
  ),
  /** The folder of the built web app. */
  WEB_ROOT: z.optional(z.string()),
  /** The folder of `asyncapi.yaml` and `schemas`. */
  DOCUMENTS_ROOT: z.optional(z.string()),
  /** Where the registry looks for a first node: the console says so while there is none. */
  MUSTER_LOCAL_NODE: z._default(z.string(), 'localhost:8022'),
  /** Where applications send their requests, as `https://api.muster.example/v1`: shown by the console, and not called. */
  MUSTER_API_URL: z.optional(
    z
      .string()
      .check(
        z.refine(
          (text) => /^https?:\/\/[^\s/]+(?:\/\S*)?$/.test(text),
          'must be an address, as https://api.example/v1',
        ),
      ),
  ),
});
export type GatewayEnvironment = z.infer<typeof GatewayEnvironment>;

const room = join(import.meta.dirname, '..');

/** What follows from the environment. */
export class GatewayConfig {
  readonly version = releaseVersion();
  readonly publicUrl: URL;
  /** The console's own address, by every name that it has. */
  readonly ownOrigins: readonly string[];
  /** Further ones, until the settings say which. */
  readonly furtherOrigins: readonly string[];
  readonly cookie: CookiePlan;
  readonly webRoot: string;
  readonly documentsRoot: string;
  readonly trustedProxies: readonly string[];
  readonly lookingAt: string | undefined;
  readonly apiUrl: string | undefined;

  constructor(environment: GatewayEnvironment) {
    const { PORT, PUBLIC_URL, MUSTER_ALLOWED_ORIGINS, MUSTER_TRUSTED_PROXIES, WEB_ROOT, DOCUMENTS_ROOT } = environment;
    this.publicUrl = new URL(PUBLIC_URL ?? `http://localhost:${PORT}`);
    this.ownOrigins = originsOf(this.publicUrl);
    this.furtherOrigins = MUSTER_ALLOWED_ORIGINS;
    this.cookie = cookiePlan(this.publicUrl);
    this.webRoot = WEB_ROOT ?? join(room, '..', 'web', 'dist', 'browser');
    this.documentsRoot = DOCUMENTS_ROOT ?? join(room, '..', '..', 'docs');
    this.trustedProxies = listOf(MUSTER_TRUSTED_PROXIES ?? '');
    this.apiUrl = environment.MUSTER_API_URL;
    this.lookingAt = environment.MUSTER_LOCAL_NODE === 'off' ? undefined : environment.MUSTER_LOCAL_NODE;
  }

  /** Plain HTTP to another machine: what is typed can be read on the way, and the cookie cannot be tied to TLS. */
  get isOpenOnTheWire(): boolean {
    return !this.cookie.secure;
  }
}

/** A console on this machine may be opened by any of the machine's own names for itself. */
function originsOf(url: URL): string[] {
  if (!isLoopback(url.hostname)) return [url.origin];
  const port = url.port === '' ? '' : `:${url.port}`;
  const names = ['localhost', '127.0.0.1', '[::1]'].map((host) => `${url.protocol}//${host}${port}`);
  return [...new Set([url.origin, ...names])];
}
