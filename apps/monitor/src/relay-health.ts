import type { Relay } from '@muster/event-store';
import type { CheckResult } from '@muster/service';

/** Facts that have waited for longer than this to get on the bus are worth a word. */
const LATE_AFTER_SECONDS = 5;

/** Whether facts reach the bus in time. They are safe in the database meanwhile, so being late is never being down. */
export async function relayHealth(relay: Pick<Relay, 'lag'>): Promise<CheckResult> {
  const { events, seconds, heldBy } = await relay.lag();
  if (heldBy !== undefined)
    return {
      state: 'degraded',
      words: `A transaction of ${heldBy.applicationName} (${heldBy.pid}) holds the facts back`,
    };
  if (seconds < LATE_AFTER_SECONDS) return { state: 'up' };
  return { state: 'degraded', words: `${events} facts wait for the bus, the oldest for ${Math.round(seconds)} s` };
}
