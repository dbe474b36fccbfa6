import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';

export interface OwnService {
  readonly host: string;
  readonly port: number;
}

/** Names of services move rarely; a name that does not resolve now may later. */
const REFRESH_MS = 60_000;

/** The services behind comma-separated URLs, as in DATABASE_URL and NATS_URL. */
export const servicesOf = (urls: string, standardPort: number): OwnService[] =>
  urls.split(',').flatMap((text) => {
    const url = URL.parse(text.trim());
    return url === null || url.hostname === ''
      ? []
      : [{ host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? standardPort : Number(url.port) }];
  });

/** Where Muster's own services are and which addresses this machine has, kept up to date: what is never a node. */
export class OwnAddresses {
  own: readonly { readonly address: string; readonly port: number }[] = [];
  interfaces: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly services: readonly OwnService[]) {}

  async start(): Promise<void> {
    await this.#refresh();
    this.#timer = setInterval(() => void this.#refresh(), REFRESH_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #refresh(): Promise<void> {
    this.interfaces = Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));
    const found = await Promise.all(
      this.services.map(async ({ host, port }) => {
        const addresses = await lookup(host, { all: true }).catch(() => []);
        return addresses.map(({ address }) => ({ address, port }));
      }),
    );
    this.own = found.flat();
  }
}
