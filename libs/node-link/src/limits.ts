/** The bounds of the wire. Both ends keep them; docs/link-protocol.md states them for other implementations. */
export const limits = {
  /** A larger frame ends the link with 1009. */
  frameBytes: 1024 * 1024,
  /** What either end reads from the other before that has proved itself. */
  bytesBeforeProof: 4 * 1024,
  /** From the end of the upgrade to the last proof. */
  handshakeMs: 5_000,
  /** The Gateway asks for a sign of life this often. */
  pingEveryMs: 5_000,
  /**
   * The Gateway gives a node up that has said nothing for this long. Longer than the monitor waits at most, which may doubt
   * itself first: the judgement is its, this only sees to it that no dead link stays for ever.
   */
  silentNodeMs: 20_000,
  /** The node gives a Gateway up that has said nothing for this long: three pings. */
  silentGatewayMs: 15_000,
  /** Frames taken in one `samples` or `lines`. */
  samplesPerFrame: 120,
  linesPerFrame: 500,
  /** A link with more than this waiting to be sent gets nothing new: its place in the buffers waits instead. */
  waitingBytes: 256 * 1024,
  /** Lines are collected for this long before they are sent. */
  linesEveryMs: 100,
  /**
   * Lines that a node sends at once, as after an outage, and a second after that: less than a Gateway takes, so that what was
   * kept over a long outage comes whole. A log that is written faster than this falls behind, and then has a gap.
   */
  linesAtOnce: 11_000,
  linesPerSecond: 900,
  /** Frames and bytes a second that an end takes from the other; beyond, the Gateway reads slower and the node ends the link. */
  framesPerSecond: 200,
  bytesPerSecond: 8 * 1024 * 1024,
  /** The closing handshake of WebSocket may take this long, then the socket is cut. */
  closeMs: 1_000,
  /** Orders that a node works on at once, how long it may take over one, and how many outcomes it remembers. */
  ordersAtHand: 32,
  orderMs: 5_000,
  outcomesKept: 256,
  /** Links of Gateways that a node holds at once. */
  links: 8,
  /**
   * Connections that have not proved themselves yet: in all, of one address, and of one from which somebody has proved
   * himself before, as a router does with its ticket.
   */
  strangers: 256,
  strangersPerPeer: 32,
  strangersPerKnownPeer: 256,
  /** Connections of every kind. */
  connections: 2_048,
  /** A connection without a request in hand may stay so long, and a request may take so long to arrive. */
  idleConnectionMs: 60_000,
  requestMs: 60_000,
} as const;

/**
 * The protocol versions this build speaks, newest first. 2 adds the frames `order`, `outcome`, `models` and `ticket` to 1 and
 * changes none: two ends that agree on 1 do without them.
 */
export const protocolVersions: readonly number[] = [2, 1];

/** The first version with orders, models and tickets. */
export const ORDERS_SINCE = 2;

export const LINK_PATH = '/link';
export const SUBPROTOCOL = 'muster-link';

/** How both ends set up a WebSocket. The types of ws 8 do not know `closeTimeout` yet. */
export const socketOptions = {
  perMessageDeflate: false,
  maxPayload: limits.frameBytes,
  closeTimeout: limits.closeMs,
};
