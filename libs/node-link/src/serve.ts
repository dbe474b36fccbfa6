import { createServer, type Server } from 'node:https';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { ModelList } from '@muster/contracts';
import { type WebSocket, WebSocketServer } from 'ws';
import type { LogBuffer, SampleBuffer } from './buffers.js';
import { channelBinding } from './channel-binding.js';
import { ProtocolFault } from './codec.js';
import type { GoodbyeFromNode, Hello } from './frames.js';
import { admitGateway, HandshakeRefused } from './handshake.js';
import type { NodeRefusal } from './handshake.frames.js';
import { LINK_PATH, limits, protocolVersions, socketOptions, SUBPROTOCOL } from './limits.js';
import { type CarryOut, OrderBook } from './order-book.js';
import { makeNonce } from './proof.js';
import { type LinkEnd, ServedLink } from './served-link.js';
import { SocketWire, WireClosed } from './socket-wire.js';
import { FailedTries } from './token-bucket.js';

/** What happens at a node's port, for its log. `peer` is an IP address. */
export type LinkNotice =
  | { readonly type: 'linked'; readonly peer: string; readonly keyId: string; readonly links: number }
  | { readonly type: 'ended'; readonly peer: string; readonly how: LinkEnd; readonly links: number }
  /** `late`: no proof within 5 s. `protocol`: it spoke something else. */
  | { readonly type: 'refused'; readonly peer: string; readonly reason: NodeRefusal | 'late' | 'protocol' };

export interface ServeOptions {
  /** The node's own key and certificate, PEM. */
  readonly tls: { readonly key: string; readonly cert: string };
  /** The keys that open a link now: one, or two during a rotation. */
  readonly accessKeys: () => readonly string[];
  readonly hello: () => Hello;
  /** Every model of the node; the same object as before while nothing has changed. */
  readonly models?: (() => ModelList) | undefined;
  /** What inference calls carry that come by way of a link made with this key; the same until it is to be renewed. */
  readonly ticket?: ((keyId: string) => string | undefined) | undefined;
  /** Carries out what a Gateway orders, each order once. Without it every order is refused. */
  readonly order?: CarryOut | undefined;
  readonly samples: SampleBuffer;
  readonly log: LogBuffer;
  /** Answers every request on the port that is no link. Without it they are told that there is nothing. */
  readonly http?: RequestListener | undefined;
  /** The protocol versions it speaks, newest first; those of this build unless told otherwise. */
  readonly versions?: (() => readonly number[]) | undefined;
  readonly onNotice?: ((notice: LinkNotice) => void) | undefined;
  /** A link is made. For a simulated node. */
  readonly onLink?: ((link: ServedLink) => void) | undefined;
}

/**
 * A node's port: one HTTPS server on which Gateways make links, and whoever has a ticket asks for inference. Refuses whoever
 * does not prove that it holds the key; holds 8 links and 256 strangers at most, 32 of one address that nobody knows.
 */
export class LinkServer {
  readonly #options: ServeOptions;
  readonly #https: Server;
  readonly #upgrades = new WebSocketServer({
    ...socketOptions,
    noServer: true,
    clientTracking: false,
  });
  readonly #links = new Set<ServedLink>();
  /** Sockets that have neither made a link nor asked for anything, by address and port. */
  readonly #strangers = new Map<string, Socket>();
  readonly #failed = new FailedTries();
  readonly #orders: OrderBook;
  /** Addresses from which somebody has proved himself, the last 256 of them. */
  readonly #vouched = new Set<string>();
  #closing = false;

  constructor(options: ServeOptions) {
    this.#options = options;
    this.#orders = new OrderBook(options.order ?? noOrders);
    this.#https = createServer(
      {
        ...options.tls,
        minVersion: 'TLSv1.3',
        handshakeTimeout: limits.handshakeMs,
        headersTimeout: limits.handshakeMs,
        connectionsCheckingInterval: 1_000,
        maxHeaderSize: 2 * limits.bytesBeforeProof,
        requestTimeout: limits.requestMs,
        keepAliveTimeout: limits.idleConnectionMs,
        noDelay: true,
      },
      options.http ?? nothingHere,
    );
    this.#https.maxConnections = limits.connections;
    this.#https.on('connection', (socket: Socket) => this.#meet(socket));
    this.#https.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#https.on('request', ({ socket }) => this.#known(socket));
    // On an HTTPS server the socket of an upgrade is the TLS socket itself.
    this.#https.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket as TLSSocket, head),
    );
  }

  /** The links that are made at this moment. */
  get links(): ReadonlySet<ServedLink> {
    return this.#links;
  }

  /** Listens. Port 0 takes a free one. Resolves with the port; rejects when it can not be had. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#https.once('error', reject);
      this.#https.listen({ port, host }, () => {
        this.#https.off('error', reject);
        resolve((this.#https.address() as AddressInfo).port);
      });
    });
  }

  /** Tells every link what changed in the hello. */
  refresh(): void {
    for (const link of this.#links) link.refresh();
  }

  /** The keys changed: ends the links that were made with one that no longer opens. */
  dropOldKeys(keyIds: readonly string[]): void {
    for (const link of [...this.#links]) if (!keyIds.includes(link.keyId)) link.close('key-changed');
  }

  /** Somebody at this address has proved himself, by a link or a ticket: more connections from there are no alarm. */
  vouch(address: string): void {
    if (this.#vouched.has(address)) return;
    this.#vouched.add(address);
    const [oldest] = this.#vouched;
    if (this.#vouched.size > MOST_VOUCHED && oldest !== undefined) this.#vouched.delete(oldest);
  }

  /** Presents another certificate to whoever connects from now on. */
  changeCertificate(tls: { readonly key: string; readonly cert: string }): void {
    this.#https.setSecureContext({ ...tls, minVersion: 'TLSv1.3' });
  }

  /** Says goodbye on every link, takes nobody new, and resolves when the last socket is closed: within 1 s or a little more. */
  async close(reason: GoodbyeFromNode = 'stopping'): Promise<void> {
    this.#closing = true;
    for (const link of [...this.#links]) link.close(reason);
    for (const socket of this.#strangers.values()) socket.destroy();
    const closed = new Promise<void>((resolve) => this.#https.close(() => resolve()));
    const cut = setTimeout(() => this.#https.closeAllConnections(), limits.closeMs);
    this.#https.closeIdleConnections();
    await closed;
    clearTimeout(cut);
  }

  #meet(socket: Socket): void {
    const { remoteAddress: address = '', remotePort: port = 0 } = socket;
    const ofAddress = [...this.#strangers.values()].filter((stranger) => stranger.remoteAddress === address).length;
    const most = this.#vouched.has(address) ? limits.strangersPerKnownPeer : limits.strangersPerPeer;
    // Those of a known address count apart: strangers elsewhere do not lock it out.
    const full = !this.#vouched.has(address) && this.#strangers.size >= limits.strangers;
    if (this.#closing || full || ofAddress >= most) {
      socket.destroy();
      return;
    }
    const name = `${address} ${port}`;
    this.#strangers.set(name, socket);
    socket.once('close', () => this.#strangers.delete(name));
  }

  #known({ remoteAddress, remotePort }: Socket): void {
    this.#strangers.delete(`${remoteAddress ?? ''} ${remotePort ?? 0}`);
  }

  #upgrade(request: IncomingMessage, transport: TLSSocket, head: Buffer): void {
    // A browser says from where it comes; a Gateway has no origin.
    const offered = request.headers['sec-websocket-protocol']?.split(',').map((name) => name.trim());
    if (
      request.url !== LINK_PATH ||
      request.headers.origin !== undefined ||
      offered?.includes(SUBPROTOCOL) !== true ||
      head.length > limits.bytesBeforeProof
    ) {
      transport.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#upgrades.handleUpgrade(request, transport, head, (socket) => void this.#admit(socket, transport));
  }

  async #admit(socket: WebSocket, transport: TLSSocket): Promise<void> {
    const { accessKeys, onLink, versions = () => protocolVersions } = this.#options;
    const peer = transport.remoteAddress ?? '';
    const wire = new SocketWire(socket, transport);
    let late = false;
    const deadline = setTimeout(() => {
      late = true;
      socket.terminate();
    }, limits.handshakeMs);
    try {
      const admitted = await admitGateway(wire, {
        accessKeys: accessKeys(),
        versions: versions(),
        nonce: makeNonce(),
        exporter: channelBinding(transport),
        admits: (keyKnown) => this.#admits(peer, keyKnown),
        failed: (keyKnown) => this.#failed.failed(tryOf(peer, keyKnown), performance.now()),
      });
      this.#known(transport);
      this.vouch(peer);
      const { hello, samples, log, models, ticket } = this.#options;
      const link = new ServedLink(wire, {
        hello,
        samples,
        log,
        models: () => models?.(),
        ticket: (keyId) => ticket?.(keyId),
        orders: this.#orders,
        peer,
        admitted,
        ended: (one, how) => this.#ended(one, how),
      });
      this.#links.add(link);
      this.#tell({ type: 'linked', peer, keyId: admitted.keyId, links: this.#links.size });
      onLink?.(link);
    } catch (error) {
      this.#refused(peer, late ? 'late' : error);
      if (socket.readyState === socket.OPEN) socket.close(1008, 'refused');
    } finally {
      clearTimeout(deadline);
    }
  }

  /**
   * Failures count by address, and apart for those who name a key of ours and those who do not: a guesser does not lock a
   * Gateway at the same address out.
   */
  #admits(peer: string, keyKnown: boolean): NodeRefusal | undefined {
    if (!this.#failed.allows(tryOf(peer, keyKnown), performance.now())) return 'too-many-tries';
    return this.#links.size >= limits.links ? 'too-many-links' : undefined;
  }

  #refused(peer: string, error: unknown): void {
    if (error === 'late') return this.#tell({ type: 'refused', peer, reason: 'late' });
    if (error instanceof HandshakeRefused && error.reason !== 'node-proof')
      return this.#tell({ type: 'refused', peer, reason: error.reason });
    // Who goes away in the middle did nothing wrong; anything else is a fault of the other end or a bug of ours.
    if (error instanceof ProtocolFault) return this.#tell({ type: 'refused', peer, reason: 'protocol' });
    if (!(error instanceof WireClosed)) throw error;
  }

  #ended(link: ServedLink, how: LinkEnd): void {
    this.#links.delete(link);
    this.#tell({ type: 'ended', peer: link.peer, how, links: this.#links.size });
  }

  #tell(notice: LinkNotice): void {
    this.#options.onNotice?.(notice);
  }
}

/** Starts serving links. See LinkServer. */
export const serveLinks = (options: ServeOptions): LinkServer => new LinkServer(options);

const MOST_VOUCHED = 256;

const noOrders: CarryOut = () => Promise.resolve({ outcome: 'refused', code: 'executor-unknown' });

const tryOf = (peer: string, keyKnown: boolean): string => `${peer} ${keyKnown}`;

/** RFC 9457. */
const nothingHere: RequestListener = (_request, response) => {
  response.writeHead(404, { 'content-type': 'application/problem+json', connection: 'close' });
  response.end(JSON.stringify({ type: 'about:blank', title: 'There is nothing at this address.', status: 404 }));
};
