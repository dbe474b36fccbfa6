import type { Relay } from './relay.js';
import type { RelayNotice } from './relay-notice.js';

/** Facts that have waited for longer than this to get on the bus are worth a word. */
const LATE_AFTER_SECONDS = 5;

export interface RelayHealth {
  readonly state: 'up' | 'degraded';
  readonly words?: string;
}

/**
 * Whether facts reach the bus in time, for a service's readiness. They are safe in the database meanwhile, so being late is
 * never being down. Throws an Outage when the database is away.
 */
export async function relayHealth(relay: Pick<Relay, 'lag'>): Promise<RelayHealth> {
  const { events, seconds, heldBy } = await relay.lag();
  if (heldBy !== undefined) {
    const { applicationName, pid } = heldBy;
    return { state: 'degraded', words: `A transaction of ${applicationName} (${pid}) holds the facts back` };
  }
  if (seconds < LATE_AFTER_SECONDS) return { state: 'up' };
  return { state: 'degraded', words: `${events} facts wait for the bus, the oldest for ${Math.round(seconds)} s` };
}

const WORDS: Record<RelayNotice['notice'], string> = {
  leading: 'This process relays the facts now',
  'not-leading': 'The lead of the relay was lost or not to be had; it is tried again',
  refilling: 'A stream on the bus lacks facts and is filled again',
  'publish-failed': 'A fact could not be published; it is tried again',
  'held-up': 'A transaction that stays open holds the facts back',
  parked: 'A stream cannot be relayed and waits for somebody to look at it',
};

/** A notice of the relay as a line of a log. */
export const relayLine = ({
  notice,
  ...more
}: RelayNotice): { readonly level: 'info' | 'warn'; readonly line: { readonly msg: string } & object } => {
  const { error, ...rest } = 'error' in more ? more : { ...more, error: undefined };
  return {
    level: notice === 'leading' ? 'info' : 'warn',
    line: { ...rest, ...(error === undefined ? {} : { err: error }), msg: WORDS[notice] },
  };
};
