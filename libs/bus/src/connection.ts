import { Outage, serviceInbox } from '@muster/contracts';
import { jetstream, type JetStreamClient, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import {
  connect,
  type ConnectionOptions,
  createInbox,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';
import { fullJitter, type Random, sleep, within } from './backoff.js';
import type { BusCounts, BusState, OnNotice } from './notice.js';
import { refuseUnfitServer } from './server.js';

export interface BusOptions {
  /** One address or several with commas: `nats://host:4222`; `tls://` for TLS; a user and password where the server wants them. */
  readonly servers: string;
  /** Shown in the server's own pages: the name of the service. */
  readonly name: string;
  readonly onNotice?: OnNotice;
  readonly counts?: BusCounts;
  /** How long the first connection may take, all tries together. */
  readonly firstTryMs?: number;
  readonly random?: Random;
}

/** A message waits at most this long in a subscription before somebody should know: so many may queue before a `slow` notice. */
const SLOW_PENDING = 500;
/** How long a JetStream call may take. */
const API_TIMEOUT_MS = 2_000;
const DRAIN_MS = 5_000;
/** Within 3 s of the server's return everything is served again, so no wait is longer than this, however long it was away. */
const LONGEST_WAIT_MS = 2_000;

const uncounted: BusCounts = { answered: () => undefined, lost: () => undefined };

/**
 * One connection for a whole process. It reconnects for ever, full jitter between 0.25 s and a ceiling that grows from
 * 0.5 to 2 s; an attempt may take 1 s; a peer that answers neither of two pings, 5 s apart, counts as gone.
 */
export class Connection {
  readonly js: JetStreamClient;
  #state: BusState = 'up';
  #downSince = 0;
  readonly #handlers = new Set<(state: BusState) => void>();
  readonly #closing = new AbortController();

  private constructor(
    readonly nc: NatsConnection,
    readonly jsm: JetStreamManager,
    readonly notify: OnNotice,
    readonly random: Random,
    readonly counts: BusCounts,
    private readonly inboxPrefix: string,
  ) {
    this.js = jetstream(nc, { timeout: API_TIMEOUT_MS });
    void this.#watchStatus();
  }

  /** Rejects with an Outage when no server answers within `firstTryMs`, and at once when the server lacks what Muster needs. */
  static async open(options: BusOptions): Promise<Connection> {
    const { onNotice = () => undefined, firstTryMs = 15_000, random = Math.random, counts = uncounted } = options;
    const nc = await firstConnection(options, firstTryMs, random);
    try {
      refuseUnfitServer(nc.info);
      const jsm = await jetstreamManager(nc, { timeout: API_TIMEOUT_MS, checkAPI: false });
      return new Connection(nc, jsm, onNotice, random, counts, inboxPrefixOf(userOf(options.servers)));
    } catch (error) {
      await nc.close();
      throw error;
    }
  }

  get state(): BusState {
    return this.#state;
  }

  /** Fires when the connection begins to close. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** The most bytes that one message may have, headers included. */
  get maxPayloadBytes(): number {
    return this.nc.info?.max_payload ?? 1024 * 1024;
  }

  /** Calls on every change; returns what ends it. */
  onState(handler: (state: BusState) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** Throws the Outage at once where a call would only wait for its time to run out. */
  needUp(): void {
    if (this.#state === 'down') throw new Outage('bus', 'There is no connection to the bus');
  }

  /** Resolves when the connection is up, or when the signal fires. */
  up(signal: AbortSignal): Promise<void> {
    if (this.#state === 'up' || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        off();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const off = this.onState((state) => {
        if (state === 'up') done();
      });
      signal.addEventListener('abort', done, { once: true });
    });
  }

  /** Resolves when the server has all that was sent before, subscriptions too; at once while there is none. */
  async settled(): Promise<void> {
    if (this.#state === 'up') await this.nc.flush().catch(() => undefined);
  }

  /** A subject of this connection's own, below what its user may read. */
  inbox(): string {
    return createInbox(this.inboxPrefix);
  }

  subscribe(subject: string, options: { queue?: string } = {}): Subscription {
    return this.nc.subscribe(subject, { ...options, slow: SLOW_PENDING });
  }

  beginClosing(): void {
    this.#closing.abort();
  }

  /** Sends what waits, then closes; after 5 s it closes all the same. */
  async close(): Promise<void> {
    this.beginClosing();
    if (this.nc.isClosed()) return;
    if (this.#state === 'up')
      await within(
        DRAIN_MS,
        this.nc.drain().catch(() => undefined),
      );
    await this.nc.close();
  }

  async #watchStatus(): Promise<void> {
    for await (const status of this.nc.status()) {
      switch (status.type) {
        case 'disconnect':
          this.#turn('down');
          break;
        case 'reconnect':
          this.#turn('up');
          break;
        case 'slowConsumer':
          this.notify({ notice: 'slow', subject: status.sub.getSubject(), pending: status.pending });
          break;
        case 'error':
          this.notify({ notice: 'server-error', error: status.error });
          break;
      }
    }
    this.#turn('down');
  }

  #turn(state: BusState): void {
    if (state === this.#state) return;
    this.#state = state;
    if (!this.closing.aborted) {
      if (state === 'down') this.notify({ notice: 'disconnected' });
      else this.notify({ notice: 'reconnected', downMs: Math.round(performance.now() - this.#downSince) });
    }
    if (state === 'down') this.#downSince = performance.now();
    for (const handler of [...this.#handlers]) handler(state);
  }
}

async function firstConnection(options: BusOptions, firstTryMs: number, random: Random): Promise<NatsConnection> {
  const until = performance.now() + firstTryMs;
  const never = new AbortController().signal;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await connect(settings(options, random));
    } catch (cause) {
      const waitMs = fullJitter(attempt, { floorMs: 100, baseMs: 250, capMs: 2_000 }, random);
      if (performance.now() + waitMs > until)
        throw new Outage('bus', `No NATS server answers at ${hostsOf(options.servers).join(', ')}`, { cause });
      await sleep(waitMs, never);
    }
  }
}

/** The user and password that an address carries. */
function userOf(servers: string): { user: string; pass: string } | undefined {
  const [first] = urlsOf(servers);
  if (first === undefined || first.username === '') return undefined;
  return { user: decodeURIComponent(first.username), pass: decodeURIComponent(first.password) };
}

/** Below `_INBOX` for each user alone: a NATS that somebody else has set up lets its users read there anyway. */
const inboxPrefixOf = (user: { user: string } | undefined): string =>
  user !== undefined && /^[\w-]{1,64}$/.test(user.user) ? serviceInbox(user.user) : '_INBOX';

function settings({ servers, name }: BusOptions, random: Random): ConnectionOptions {
  const urls = urlsOf(servers);
  const user = userOf(servers);
  let attempt = 0;
  let waitMs: number | undefined;
  return {
    servers: urls.map((url) => url.host),
    name,
    ...user,
    inboxPrefix: inboxPrefixOf(user),
    ...(urls.some((url) => url.protocol === 'tls:') ? { tls: {} } : {}),
    maxReconnectAttempts: -1,
    timeout: 1_000,
    pingInterval: 5_000,
    maxPingOut: 2,
    // Asked more than once for the same wait: drawing anew each time would lengthen it.
    reconnectDelayHandler: () =>
      (waitMs ??= fullJitter(attempt + 1, { floorMs: 250, baseMs: 500, capMs: LONGEST_WAIT_MS }, random)),
    reconnectToServer: (_pool, info) => {
      attempt = info === null ? attempt + 1 : 0;
      waitMs = undefined;
      return null;
    },
    ignoreAuthErrorAbort: true,
  };
}

function urlsOf(servers: string): URL[] {
  return servers.split(',').map((server) => {
    const text = server.trim();
    return new URL(text.includes('://') ? text : `nats://${text}`);
  });
}

/** For people: never the user or password that an address may carry. */
export const hostsOf = (servers: string): string[] => urlsOf(servers).map((url) => url.host);
