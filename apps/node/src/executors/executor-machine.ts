/**
 * One executor as a pure state machine: what is wanted of it, what happened to its process, and what is to be done next. The
 * shell in `executor.ts` does what it is told by `stepExecutor` and reports what came of it. Times are monotonic milliseconds.
 */

/** How a run that was not asked to end came to its end. */
export interface Failure {
  readonly words: string;
  readonly exitCode?: number;
  readonly signal?: string;
}

export type ExecutorPhase =
  | { readonly phase: 'offline' }
  /** Something else has to happen first: the engine is being installed, the model is not there. `hopeless`: a person has to. */
  | { readonly phase: 'blocked'; readonly words: string; readonly hopeless: boolean }
  | { readonly phase: 'starting'; readonly words?: string }
  | { readonly phase: 'online' }
  /** Its process ended by itself; it is started anew at `againAtMs`. */
  | { readonly phase: 'waiting'; readonly againAtMs: number; readonly words: string }
  | { readonly phase: 'stopping'; readonly next: 'offline' | 'start' | 'sleep' }
  /** Unloaded while nobody asked for it. */
  | { readonly phase: 'asleep' }
  | { readonly phase: 'failed'; readonly failure: Failure };

export type ExecutorMachine = ExecutorPhase & {
  /** When its process ended by itself within the last ten minutes. */
  readonly crashesMs: readonly number[];
  /** How often it was started anew by itself, since it was last started by order. */
  readonly restarts: number;
  readonly lastFailure?: Failure;
};

export type ExecutorInput =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'restart' }
  /** A request came for one that is asleep. */
  | { readonly type: 'wake' }
  /** Nobody asked for it for as long as it may be idle. */
  | { readonly type: 'idle' }
  | { readonly type: 'blocked'; readonly words: string; readonly hopeless: boolean }
  /** What was in the way may be gone. */
  | { readonly type: 'unblocked' }
  | { readonly type: 'ready' }
  /** Its process has ended, and nothing of it is left. */
  | { readonly type: 'exited'; readonly failure: Failure; readonly nowMs: number }
  | { readonly type: 'tick'; readonly nowMs: number };

/** `launch` a process; `halt` the one there is: what is in flight may end first, unless it is only going to sleep. */
export type ExecutorAction = 'launch' | 'halt' | undefined;

/** So many ends within so long, and it is not started again by itself. */
export const MOST_CRASHES = 3;
export const CRASH_WINDOW_MS = 10 * 60_000;

/** After the first crash it is started anew at once, after the second with a wait. */
const BACK_OFF_MS = [500, 5_000] as const;

export const offline: ExecutorMachine = { phase: 'offline', crashesMs: [], restarts: 0 };

const to = (machine: ExecutorMachine, phase: ExecutorPhase, action?: ExecutorAction): Step => ({
  machine: {
    ...phase,
    crashesMs: machine.crashesMs,
    restarts: machine.restarts,
    ...(machine.lastFailure && { lastFailure: machine.lastFailure }),
  },
  action,
});

interface Step {
  readonly machine: ExecutorMachine;
  readonly action: ExecutorAction;
}

const isRunning = ({ phase }: ExecutorMachine): boolean => phase === 'starting' || phase === 'online';

/** What follows from what happened. An input that says nothing new changes nothing. */
export function stepExecutor(machine: ExecutorMachine, input: ExecutorInput): Step {
  const same: Step = { machine, action: undefined };
  switch (input.type) {
    case 'start':
      switch (machine.phase) {
        case 'offline':
        case 'failed':
        case 'asleep':
          return to({ phase: 'offline', crashesMs: [], restarts: 0 }, { phase: 'starting' }, 'launch');
        case 'blocked':
        case 'waiting':
          return to(machine, { phase: 'starting' }, 'launch');
        case 'stopping':
          return to(machine, { phase: 'stopping', next: 'start' });
        case 'starting':
        case 'online':
          return same;
      }
    // eslint-disable-next-line no-fallthrough -- every phase returns
    case 'stop':
      if (isRunning(machine)) return to(machine, { phase: 'stopping', next: 'offline' }, 'halt');
      if (machine.phase === 'stopping')
        // One that was going to sleep, or to start anew, is halted already.
        return machine.next === 'offline' ? same : to(machine, { phase: 'stopping', next: 'offline' });
      return machine.phase === 'offline' ? same : to(machine, { phase: 'offline' });
    case 'restart':
      if (isRunning(machine)) return to(machine, { phase: 'stopping', next: 'start' }, 'halt');
      if (machine.phase === 'stopping') return to(machine, { phase: 'stopping', next: 'start' });
      return stepExecutor(machine, { type: 'start' });
    case 'wake':
      if (machine.phase === 'asleep') return to(machine, { phase: 'starting' }, 'launch');
      if (machine.phase === 'stopping' && machine.next === 'sleep')
        return to(machine, { phase: 'stopping', next: 'start' });
      return same;
    case 'idle':
      return machine.phase === 'online' ? to(machine, { phase: 'stopping', next: 'sleep' }, 'halt') : same;
    case 'blocked': {
      if (machine.phase !== 'starting' && machine.phase !== 'blocked') return same;
      const { words, hopeless } = input;
      return to(machine, { phase: 'blocked', words, hopeless });
    }
    case 'unblocked':
      return machine.phase === 'blocked' ? to(machine, { phase: 'starting' }, 'launch') : same;
    case 'ready':
      return machine.phase === 'starting' ? to(machine, { phase: 'online' }) : same;
    case 'exited':
      return exited(machine, input.failure, input.nowMs);
    case 'tick':
      return machine.phase === 'waiting' && input.nowMs >= machine.againAtMs
        ? to(machine, { phase: 'starting', words: machine.words }, 'launch')
        : same;
  }
}

function exited(machine: ExecutorMachine, failure: Failure, nowMs: number): Step {
  if (machine.phase === 'stopping') {
    if (machine.next === 'start')
      return to({ ...machine, crashesMs: [], restarts: 0 }, { phase: 'starting' }, 'launch');
    return to(machine, { phase: machine.next === 'sleep' ? 'asleep' : 'offline' });
  }
  if (!isRunning(machine)) return { machine, action: undefined };
  const crashesMs = [...machine.crashesMs.filter((atMs) => nowMs - atMs < CRASH_WINDOW_MS), nowMs];
  const now = { ...machine, crashesMs, lastFailure: failure };
  if (crashesMs.length >= MOST_CRASHES) {
    const words = `${failure.words}, the third time within ten minutes`;
    return to(now, { phase: 'failed', failure: { ...failure, words } });
  }
  const waitMs = BACK_OFF_MS[crashesMs.length - 1] ?? BACK_OFF_MS[BACK_OFF_MS.length - 1] ?? 0;
  const words = `${failure.words}; it is started anew`;
  return to({ ...now, restarts: machine.restarts + 1 }, { phase: 'waiting', againAtMs: nowMs + waitMs, words });
}
