import type { LinkCause } from '@muster/contracts';

/** How far a dial got, in the words of the verification's stages. */
export type DialStage = 'port' | 'encrypted' | 'key' | 'hardware';

/** A link could not be made: at which stage and why. Holds no word of what answered. */
export class LinkError extends Error {
  override readonly name = 'LinkError';

  constructor(
    readonly linkCause: LinkCause,
    readonly stage: DialStage,
    /** The system's or library's code, for the log. */
    readonly code?: string,
  ) {
    super(`No link: ${linkCause} at stage ${stage}${code === undefined ? '' : ` (${code})`}`);
  }
}

/** By its shape: an error of Node's own need not be of the Error that this module sees (vm contexts have their own). */
const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

/** Why a TCP connection was not made, from the system's error code. */
export function portError(error: unknown): LinkError {
  const code = codeOf(error);
  switch (code) {
    case 'ECONNREFUSED':
    case 'ECONNRESET':
      return new LinkError('refused', 'port', code);
    case 'ETIMEDOUT':
      return new LinkError('timed-out', 'port', code);
    default:
      return new LinkError('unreachable', 'port', code);
  }
}

/**
 * Why TLS was not made, when the certificate is not the reason: what answers is something else, or speaks another TLS. Who
 * takes the connection and hangs up without a word forwards the port to a node that is not there.
 */
export function tlsError(error: unknown): LinkError {
  const code = codeOf(error);
  const hungUp = error === undefined || code === 'ECONNRESET' || code === 'EPIPE';
  return new LinkError(hungUp ? 'refused' : 'tls', 'encrypted', code);
}

/** Something speaks TLS there, but not what a node speaks in it. */
export const notANode = (error?: unknown): LinkError => new LinkError('not-a-node', 'encrypted', codeOf(error));
