import type { HealthEvent, Status } from '@muster/contracts';

/** No node tells more facts of health than this in a minute, however wild it is. */
export const FACTS_A_MINUTE = 6;
const MINUTE_MS = 60_000;

/** What was told of a node's health. */
export interface Told {
  /** The status that the last told change led to. */
  readonly status: Status | undefined;
  /** The status looked at last, told or not. */
  readonly seen: Status | undefined;
  /** When facts were told within the last minute, monotonic milliseconds. */
  readonly stamps: readonly number[];
  /** Facts left out since. */
  readonly leftOut: number;
}

/** `before` is what is known to have been told already, as by a monitor that held the node before this one. */
export const nothingTold = (before: Status | undefined): Told => ({
  status: before,
  seen: before,
  stamps: [],
  leftOut: 0,
});

export interface Observed {
  readonly nodeId: string;
  readonly status: Status;
  /** What happened beside the change of status, in order. */
  readonly happened: readonly HealthEvent[];
  /** ISO 8601. */
  readonly at: string;
  readonly nowMs: number;
}

/**
 * What is no fact of health: on the way to another status (the connection is a fact of its own, and health or its lack will
 * be told), or decided by a person and a fact of the fleet.
 */
const passing = ({ reason }: Status): boolean =>
  reason === 'settling' || reason === 'connecting' || reason === 'deactivated';

/**
 * Which facts follow from what is seen of a node. A change of status is one fact, but for those that only lead to another
 * one. Beyond six a minute facts are left out and counted, and the next one that is told sums them up.
 */
export function tell(
  told: Told,
  { nodeId, status, happened, at, nowMs }: Observed,
): { told: Told; facts: HealthEvent[] } {
  const changed = status.reason !== told.seen?.reason && !passing(status);
  if (!changed && happened.length === 0 && told.leftOut === 0) return { told, facts: [] };

  const recent = told.stamps.filter((stamp) => nowMs - stamp < MINUTE_MS);
  let room = FACTS_A_MINUTE - recent.length;
  let { leftOut } = told;
  const facts: HealthEvent[] = [];
  for (const event of happened) {
    if (room > 0) {
      facts.push(event);
      room -= 1;
    } else leftOut += 1;
  }
  let { status: last } = told;
  if (changed && room <= 0) leftOut += 1;
  else if (room > 0 && (changed || leftOut > 0) && !passing(status)) {
    facts.push({
      type: 'NodeStatusChanged',
      data: { nodeId, ...(last && { from: last }), to: status, ...(leftOut > 0 && { leftOut }), at },
    });
    leftOut = 0;
    last = status;
  }
  const seen = passing(status) ? told.seen : status;
  return { told: { status: last, seen, stamps: [...recent, ...facts.map(() => nowMs)], leftOut }, facts };
}
