import type { ExecutorState } from '@muster/contracts';
import type { ExecutorMachine, Failure } from './executor-machine.js';

const states: Record<Exclude<ExecutorMachine['phase'], 'blocked'>, ExecutorState> = {
  offline: 'offline',
  starting: 'starting',
  waiting: 'starting',
  online: 'online',
  asleep: 'online',
  stopping: 'stopping',
  failed: 'failed',
};

/** Unloaded, or on the way there: the next request loads it. */
export const isAsleep = (machine: ExecutorMachine): boolean =>
  machine.phase === 'asleep' || (machine.phase === 'stopping' && machine.next === 'sleep');

/** The state of an executor as everybody is told it. */
export function stateOf(machine: ExecutorMachine): ExecutorState {
  if (machine.phase === 'blocked') return machine.hopeless ? 'failed' : 'starting';
  return isAsleep(machine) ? 'online' : states[machine.phase];
}

/** Whether there will be a process by itself, so that a request may wait for it. */
export const isComing = (machine: ExecutorMachine): boolean =>
  machine.phase === 'starting' ||
  machine.phase === 'waiting' ||
  machine.phase === 'asleep' ||
  (machine.phase === 'blocked' && !machine.hopeless) ||
  (machine.phase === 'stopping' && machine.next !== 'offline');

/** Why it is in its state, where the state alone does not say it. */
export function wordsOf(machine: ExecutorMachine, inFlight: number): string | undefined {
  switch (machine.phase) {
    case 'blocked':
    case 'waiting':
    case 'starting':
      return machine.words;
    case 'failed':
      return machine.failure.words;
    case 'asleep':
      return 'Unloaded while idle; the next request loads it';
    case 'stopping':
      return inFlight > 0 ? 'Requests in flight may end first' : undefined;
    case 'offline':
    case 'online':
      return undefined;
  }
}

/** How its last run that nobody asked to end came to its end. */
export const failureIn = (machine: ExecutorMachine): Failure | undefined =>
  machine.phase === 'failed' ? machine.failure : machine.lastFailure;
