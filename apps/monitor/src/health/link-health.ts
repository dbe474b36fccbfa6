import type { Link, LinkCause } from '@muster/contracts';
import { dialDelayMs } from './back-off.js';
import type { HealthRules } from './health-rules.js';
import { type Jitter, noJitter, observe, patience } from './jitter.js';

/** What a link remembers of its past, whatever its phase. Times are the monitor's monotonic milliseconds. */
interface Past {
  /** Why there was no link last; undefined until something went wrong, and again once a link has settled. */
  readonly cause: LinkCause | undefined;
  /** Since when there is no link. */
  readonly lostAtMs: number;
  /** Failures in a row, for the back-off. */
  readonly failures: number;
  /** Drops within the flapping window. */
  readonly drops: readonly number[];
  /** The hold that is on, or was on last. `endedAtMs` is undefined while it is on. */
  readonly flap: { readonly holdMs: number; readonly endedAtMs: number | undefined } | undefined;
}

interface Up {
  readonly openedAtMs: number;
  readonly lastFrameMs: number;
  /** Since when no frame has been late. */
  readonly steadySinceMs: number;
  readonly stale: boolean;
  /** Frames in time since the outage, as far as they matter. */
  readonly inTime: number;
  readonly lastCountedMs: number;
  readonly lastBeatMs: number;
  readonly jitter: Jitter;
}

/** The health of the link to one node. `dialing` covers all from name resolution to the hello. */
export type LinkHealth =
  | { readonly phase: 'deactivated' }
  | (Past & { readonly phase: 'waiting' | 'dialing'; readonly dialAtMs: number })
  | (Past & Up & { readonly phase: 'up' });

export type LinkInput =
  | { type: 'activate' }
  | { type: 'deactivate' }
  /** What the link is made with has changed (address, key, certificate): try anew, now. */
  | { type: 'renew' }
  | { type: 'dial' }
  | { type: 'dial-failed'; cause: LinkCause }
  | { type: 'opened' }
  /** A valid frame. `beat` is one that the node sends of itself once a second: its rhythm is the link's jitter. */
  | { type: 'frame'; beat: boolean }
  | { type: 'closed'; cause: LinkCause }
  /** Time went on. Until `impairedUntilMs` the monitor doubts itself, and silence proves nothing. */
  | { type: 'tick'; impairedUntilMs: number };

export interface Moment {
  readonly nowMs: number;
  /** From 0 up to 1. */
  readonly random: number;
}

const deactivated: LinkHealth = { phase: 'deactivated' };

/**
 * The health of a link after one more input. An input that does not fit the phase (a frame after the loss, a dial that
 * ends after deactivation) changes nothing: such stragglers are usual when sockets and timers race.
 */
export function stepLink(health: LinkHealth, input: LinkInput, moment: Moment, rules: HealthRules): LinkHealth {
  switch (input.type) {
    case 'activate':
      return health.phase === 'deactivated' ? fresh(moment.nowMs) : health;
    case 'deactivate':
      return deactivated;
    case 'renew':
      return renew(health, moment.nowMs);
    case 'dial':
      return health.phase === 'waiting' ? { ...health, phase: 'dialing' } : health;
    case 'dial-failed':
      return health.phase === 'dialing' ? wait(health, input.cause, moment) : health;
    case 'opened':
      return health.phase === 'dialing' ? open(health, moment.nowMs, rules) : health;
    case 'frame':
      return health.phase === 'up' ? hear(health, input.beat, moment.nowMs, rules) : health;
    case 'closed':
      return health.phase === 'up' ? drop(health, input.cause, moment, rules) : health;
    case 'tick':
      return tick(health, input.impairedUntilMs, moment, rules);
  }
}

const fresh = (nowMs: number): LinkHealth => ({
  phase: 'waiting',
  dialAtMs: nowMs,
  cause: undefined,
  lostAtMs: nowMs,
  failures: 0,
  drops: [],
  flap: undefined,
});

const pastOf = ({ cause, lostAtMs, failures, drops, flap }: Past): Past => ({ cause, lostAtMs, failures, drops, flap });

function renew(health: LinkHealth, nowMs: number): LinkHealth {
  if (health.phase === 'deactivated') return health;
  return { ...pastOf(health), phase: 'waiting', dialAtMs: nowMs, failures: 0 };
}

/** No link, for this cause; the next dial is set. */
function wait(past: Past, cause: LinkCause, { nowMs, random }: Moment): LinkHealth {
  const failures = past.failures + 1;
  const delayMs = dialDelayMs({ cause, failures, lostForMs: nowMs - past.lostAtMs }, random);
  return { ...pastOf(past), phase: 'waiting', cause, failures, dialAtMs: nowMs + delayMs };
}

function open(past: Past, nowMs: number, { framesToSettle }: HealthRules): LinkHealth {
  return {
    ...pastOf(past),
    phase: 'up',
    openedAtMs: nowMs,
    lastFrameMs: nowMs,
    steadySinceMs: nowMs,
    stale: false,
    // The handshake is the first sign of life. A node that never failed has nothing to prove.
    inTime: past.cause === undefined ? framesToSettle : 1,
    lastCountedMs: nowMs,
    lastBeatMs: nowMs,
    jitter: noJitter,
  };
}

type Linked = Past & Up & { readonly phase: 'up' };

function hear(up: Linked, beat: boolean, nowMs: number, rules: HealthRules): LinkHealth {
  const gapMs = nowMs - up.lastFrameMs;
  const late = gapMs >= patience(up.jitter, rules).staleAfterMs;
  const counts = late || nowMs - up.lastCountedMs >= rules.frameApartMs;
  const settled = up.inTime >= rules.framesToSettle;
  const inTime = settled ? up.inTime : late ? 1 : counts ? up.inTime + 1 : up.inTime;
  return {
    ...up,
    // Settled: what was wrong before is over.
    cause: inTime >= rules.framesToSettle ? undefined : up.cause,
    lastFrameMs: nowMs,
    stale: false,
    inTime,
    lastCountedMs: counts ? nowMs : up.lastCountedMs,
    steadySinceMs: late ? nowMs : up.steadySinceMs,
    // The gap of an outage is no rhythm: it would make the link patient just when it proved bad.
    jitter: beat && !late ? observe(up.jitter, nowMs - up.lastBeatMs) : up.jitter,
    lastBeatMs: beat || late ? nowMs : up.lastBeatMs,
  };
}

function drop(up: Linked, cause: LinkCause, moment: Moment, rules: HealthRules): LinkHealth {
  const { nowMs } = moment;
  const drops = [...up.drops.filter((at) => nowMs - at < rules.flapWindowMs), nowMs].slice(-(rules.flapDrops + 1));
  const relapse = up.flap?.endedAtMs !== undefined && nowMs - up.flap.endedAtMs < rules.flapForgetMs;
  const flapping = up.flap !== undefined && up.flap.endedAtMs === undefined;
  const flap =
    flapping || drops.length <= rules.flapDrops
      ? up.flap
      : {
          holdMs: relapse ? Math.min(rules.flapHoldMaxMs, up.flap.holdMs * 2) : rules.flapHoldMs,
          endedAtMs: undefined,
        };
  const failures = nowMs - up.openedAtMs >= rules.steadyAfterMs ? 0 : up.failures;
  return wait({ ...pastOf(up), drops, flap, failures, lostAtMs: nowMs }, cause, moment);
}

function tick(health: LinkHealth, impairedUntilMs: number, moment: Moment, rules: HealthRules): LinkHealth {
  const { nowMs } = moment;
  if (health.phase === 'deactivated') return health;
  if (health.phase !== 'up') {
    // Gone for good, it does not flap any more: then its real cause says more.
    return isFlapping(health) && nowMs - health.lostAtMs >= rules.flapWindowMs ? release(health, nowMs) : health;
  }
  const silentForMs = nowMs - health.lastFrameMs;
  const { staleAfterMs, silentAfterMs } = patience(health.jitter, rules);
  if (silentForMs >= silentAfterMs && nowMs >= impairedUntilMs) return drop(health, 'silent', moment, rules);
  if (silentForMs >= staleAfterMs) return health.stale ? health : { ...health, stale: true };
  const steadyForMs = nowMs - health.steadySinceMs;
  if (isFlapping(health)) {
    return steadyForMs >= health.flap.holdMs && framesOf(health, rules) === 'in-time' ? release(health, nowMs) : health;
  }
  if (health.failures > 0 && steadyForMs >= rules.steadyAfterMs) return { ...health, failures: 0 };
  return health;
}

const isFlapping = <P extends Past>(past: P): past is P & { flap: { holdMs: number; endedAtMs: undefined } } =>
  past.flap !== undefined && past.flap.endedAtMs === undefined;

const release = <P extends Past & { flap: { holdMs: number } }>(past: P, nowMs: number): P => ({
  ...past,
  drops: [],
  flap: { holdMs: past.flap.holdMs, endedAtMs: nowMs },
});

const framesOf = ({ stale, inTime }: Up, { framesToSettle }: HealthRules): 'settling' | 'in-time' | 'stale' =>
  stale ? 'stale' : inTime >= framesToSettle ? 'in-time' : 'settling';

/** Whether others see the same of both: a frame that came in time changes nothing for them. */
export const looksAlike = (before: LinkHealth, after: LinkHealth, rules: HealthRules): boolean =>
  before.phase === 'up' &&
  after.phase === 'up' &&
  isFlapping(before) === isFlapping(after) &&
  framesOf(before, rules) === framesOf(after, rules);

/**
 * Whether the passing of time alone changes nothing: the link is up, was heard less than `heardWithinMs` ago, which is sooner than
 * anything grows stale, and nothing of its past is still to be forgotten.
 */
export const isCalm = (health: LinkHealth, nowMs: number, heardWithinMs: number): boolean =>
  health.phase === 'up' &&
  !health.stale &&
  health.failures === 0 &&
  !isFlapping(health) &&
  nowMs - health.lastFrameMs < heardWithinMs;

export interface Wall {
  /** Now, ISO 8601. */
  readonly at: string;
  /** The wall time of a monotonic moment, ISO 8601. */
  readonly wallOf: (monotonicMs: number) => string;
}

/**
 * What others see of the link; undefined when it is deactivated. A node that dials again stays red for its last cause, and
 * a flapping one for flapping even while it is linked, so that nobody sends it work. `since` stays while phase and cause do.
 */
export function linkOf(
  health: LinkHealth,
  before: Link | undefined,
  { at, wallOf }: Wall,
  rules: HealthRules,
): Link | undefined {
  if (health.phase === 'deactivated') return undefined;
  const down = (cause: LinkCause, nextTryAt?: string): Link => ({
    phase: 'down',
    cause,
    since: before?.phase === 'down' && before.cause === cause ? before.since : at,
    ...(nextTryAt === undefined ? {} : { nextTryAt }),
  });
  if (health.phase !== 'up') {
    const nextTryAt = wallOf(health.dialAtMs);
    if (isFlapping(health)) return down('flapping', nextTryAt);
    if (health.cause !== undefined) return down(health.cause, nextTryAt);
    return { phase: 'connecting', since: before?.phase === 'connecting' ? before.since : at };
  }
  if (isFlapping(health)) return down('flapping');
  return {
    phase: 'up',
    since: before?.phase === 'up' ? before.since : at,
    frames: framesOf(health, rules),
  };
}
