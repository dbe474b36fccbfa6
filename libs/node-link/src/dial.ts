import { isIP, connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { type Certificate, showAddress } from '@muster/contracts';
import { WebSocket } from 'ws';
import { channelBinding } from './channel-binding.js';
import { ProtocolFault } from './codec.js';
import { type Hello, HelloFrame } from './frames.js';
import { greetNode, HandshakeRefused, type GatewayHandshake } from './handshake.js';
import type { NodeRefusal } from './handshake.frames.js';
import { LINK_PATH, limits, protocolVersions, socketOptions, SUBPROTOCOL } from './limits.js';
import { type DialStage, LinkError, notANode, portError, tlsError } from './link-error.js';
import { NodeConnection, type ResumeFrom } from './node-connection.js';
import { makeNonce } from './proof.js';
import { readableHello } from './readable.js';
import { SocketWire, WireClosed } from './socket-wire.js';

export interface DialOptions {
  /** As a person entered it: for the host header and the server name, never resolved here. */
  readonly host: string;
  readonly port: number;
  /** The one IP address that is dialled. Whether it may be is the caller's decision. */
  readonly address: string;
  /** The only certificate that is accepted. Without it any is, and the connection tells which: for verification alone. */
  readonly pinned?: Pick<Certificate, 'pem' | 'fingerprint'> | undefined;
  readonly accessKey: string;
  /** The id under which the Gateway knows the node; part of the proof. */
  readonly nodeId?: string | undefined;
  readonly resume?: ResumeFrom | undefined;
  /** Ends the attempt, and afterwards the link. */
  readonly signal?: AbortSignal | undefined;
  readonly deadlines?: Partial<Deadlines> | undefined;
  /** After so long without a word the link ends as silent; 20 s unless told otherwise. */
  readonly silentAfterMs?: number | undefined;
  /** What the Gateway speaks; the versions of this build unless told otherwise. */
  readonly versions?: readonly number[] | undefined;
}

/** How long each step may take, in milliseconds. */
export interface Deadlines {
  readonly portMs: number;
  readonly encryptedMs: number;
  readonly handshakeMs: number;
  readonly helloMs: number;
}

/** What became known at a stage. */
export type StageInfo =
  | { readonly stage: 'port' }
  | { readonly stage: 'encrypted'; readonly certificate: Certificate }
  | { readonly stage: 'key'; readonly protocol: number }
  | { readonly stage: 'hardware'; readonly hello: Hello };

const shipped: Deadlines = { portMs: 5_000, encryptedMs: 5_000, handshakeMs: limits.handshakeMs, helloMs: 5_000 };

/**
 * Makes a link to the node at one IP address: TCP, TLS, the upgrade, the handshake, the node's hello. `onStage` is told each
 * stage as it is passed. Rejects with a LinkError and nothing else; leaves no socket behind then. The flow of samples and
 * lines starts when `onFrame` of the connection is called.
 */
export async function dial(options: DialOptions, onStage?: (info: StageInfo) => void): Promise<NodeConnection> {
  const deadlines = { ...shipped, ...withoutUndefined(options.deadlines) };
  const attempt = new Attempt(options.signal);
  try {
    const tcp = await attempt.step<Socket>('port', deadlines.portMs, (done) => openPort(options, attempt, done));
    onStage?.({ stage: 'port' });

    const { tls, wire, certificate } = await attempt.step<Encrypted>('encrypted', deadlines.encryptedMs, (done) => {
      const tls = openTls(tcp, options, (error) => done.reject(error));
      attempt.owns(() => tls.destroy());
      tls.once('secureConnect', () => {
        const certificate = certificateOf(tls);
        if (certificate === undefined) return done.reject(notANode());
        upgrade(
          tls,
          options,
          (error) => done.reject(error),
          (wire) => {
            done.resolve({ tls, wire, certificate });
          },
        );
      });
    });
    attempt.owns(() => wire.socket.terminate());
    onStage?.({ stage: 'encrypted', certificate });

    const protocol = await attempt.step<number>('key', deadlines.handshakeMs, (done) => {
      const own = (): GatewayHandshake => ({
        accessKey: options.accessKey,
        nodeId: options.nodeId,
        versions: options.versions ?? protocolVersions,
        nonce: makeNonce(),
        exporter: channelBinding(tls),
      });
      const greeting = Promise.resolve().then(() => greetNode(wire, own()));
      greeting.then(done.resolve, (error: unknown) => done.reject(handshakeError(error, 'key')));
    });
    onStage?.({ stage: 'key', protocol });

    const hello = await attempt.step<Hello>('hardware', deadlines.helloMs, (done) => {
      // A key that the node refuses only now was proved wrongly: the answer to our proof is the hello.
      wire.receive(HelloFrame).then(
        (frame) => done.resolve(readableHello(frame)),
        (error: unknown) => done.reject(handshakeError(error, 'hardware')),
      );
    });
    onStage?.({ stage: 'hardware', hello });
    const connection = new NodeConnection(wire, {
      hello,
      certificate,
      protocol,
      resume: options.resume,
      silentAfterMs: options.silentAfterMs,
    });
    const onAbort = () => connection.terminate();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    void connection.closed.then(() => options.signal?.removeEventListener('abort', onAbort));
    return connection;
  } catch (error) {
    attempt.abandon();
    throw error;
  }
}

interface Encrypted {
  readonly tls: TLSSocket;
  readonly wire: SocketWire;
  readonly certificate: Certificate;
}

interface Done<T> {
  resolve(value: T): void;
  reject(error: LinkError): void;
}

/** One try: each step with its deadline, and what has to be given up when it fails. */
class Attempt {
  readonly #owned: (() => void)[] = [];

  constructor(private readonly signal: AbortSignal | undefined) {}

  owns(release: () => void): void {
    this.#owned.push(release);
  }

  abandon(): void {
    for (const release of this.#owned.reverse()) release();
  }

  step<T>(stage: DialStage, withinMs: number, act: (done: Done<T>) => void): Promise<T> {
    const { signal } = this;
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) return reject(new LinkError('closed', stage, 'ABORTED'));
      const onAbort = () => reject(new LinkError('closed', stage, 'ABORTED'));
      const timer = setTimeout(() => reject(new LinkError('timed-out', stage)), withinMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      const over = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      act({
        resolve: (value) => {
          over();
          resolve(value);
        },
        reject: (error) => {
          over();
          reject(error);
        },
      });
    });
  }
}

function openPort({ address, port }: DialOptions, attempt: Attempt, done: Done<Socket>): void {
  // No happy eyeballs, no look-up: exactly this address.
  const tcp = connectTcp({ host: address, port, autoSelectFamily: false, noDelay: true });
  attempt.owns(() => tcp.destroy());
  tcp.on('error', (error) => done.reject(portError(error)));
  tcp.once('connect', () => done.resolve(tcp));
}

/**
 * With `rejectUnauthorized: false` Node never calls `checkServerIdentity`; so a pinned certificate is the one trusted
 * authority, the chain must verify, and the check compares the fingerprint in the place of the name.
 */
function openTls(tcp: Socket, { host, pinned }: DialOptions, fail: (error: LinkError) => void): TLSSocket {
  const tls = connectTls({
    socket: tcp,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(pinned === undefined
      ? { rejectUnauthorized: false }
      : {
          ca: pinned.pem,
          rejectUnauthorized: true,
          checkServerIdentity: (_host, { fingerprint256 }) =>
            fingerprint256 === pinned.fingerprint ? undefined : new Error('Another certificate than the pinned one'),
        }),
  });
  let secure = false;
  tls.once('secureConnect', () => (secure = true));
  tls.on('error', (error) => {
    if (secure) return fail(notANode(error));
    // Set when the handshake itself went well and the certificate did not please.
    const disliked = pinned !== undefined && Boolean(tls.authorizationError);
    fail(disliked ? new LinkError('certificate-changed', 'encrypted') : tlsError(error));
  });
  tls.once('close', () => fail(secure ? notANode() : tlsError(undefined)));
  return tls;
}

const LONGEST_PEM = 8_192;

function certificateOf(tls: TLSSocket): Certificate | undefined {
  const certificate = tls.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const pem = certificate.toString();
  return pem.length > LONGEST_PEM ? undefined : { fingerprint: certificate.fingerprint256, pem };
}

function upgrade(
  tls: TLSSocket,
  { host, port }: DialOptions,
  fail: (error: LinkError) => void,
  made: (wire: SocketWire) => void,
): void {
  const socket = new WebSocket(`wss://${showAddress(host, port)}${LINK_PATH}`, SUBPROTOCOL, {
    createConnection: () => tls,
    ...socketOptions,
    followRedirects: false,
    maxHeaderSize: limits.bytesBeforeProof,
  });
  const onError = (error: Error) => fail(notANode(error));
  socket.on('error', onError);
  socket.once('open', () => {
    // At once: what came right behind the upgrade is read in this very turn.
    const wire = new SocketWire(socket, tls);
    socket.off('error', onError);
    made(wire);
  });
}

const causeOfRefusal: Record<NodeRefusal | 'node-proof', 'version' | 'key-refused' | 'closed'> = {
  version: 'version',
  key: 'key-refused',
  'node-proof': 'key-refused',
  'too-many-tries': 'key-refused',
  'too-many-links': 'closed',
};

function handshakeError(error: unknown, stage: 'key' | 'hardware'): LinkError {
  if (error instanceof HandshakeRefused) return new LinkError(causeOfRefusal[error.reason], stage, error.reason);
  if (error instanceof ProtocolFault) return new LinkError('protocol', stage, error.fault);
  if (error instanceof WireClosed) return new LinkError('closed', stage);
  return new LinkError('protocol', stage, 'unexpected');
}

const withoutUndefined = (deadlines: Partial<Deadlines> = {}): Partial<Deadlines> =>
  Object.fromEntries(Object.entries(deadlines).filter(([, value]) => value !== undefined));
