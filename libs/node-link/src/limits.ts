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
  /** Links of Gateways that a node holds at once, and connections that have not proved themselves yet. */
  links: 8,
  strangers: 64,
  strangersPerPeer: 16,
} as const;

/** The protocol versions this build speaks, newest first. Two for one release when the shape of a frame changes, else one. */
export const protocolVersions: readonly number[] = [1];

export const LINK_PATH = '/link';
export const SUBPROTOCOL = 'muster-link';

/** How both ends set up a WebSocket. The types of ws 8 do not know `closeTimeout` yet. */
export const socketOptions = {
  perMessageDeflate: false,
  maxPayload: limits.frameBytes,
  closeTimeout: limits.closeMs,
};
