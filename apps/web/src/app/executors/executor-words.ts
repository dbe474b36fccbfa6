import type { Executor, ExecutorFailure, Status } from '@muster/contracts';
import { count, percent } from '../ui/format.js';

/** How an executor is, for a person: by colour, and in words that say why. */
export interface ExecutorWords {
  readonly colour: Status['colour'];
  readonly words: string;
  /** More about it, small beside the words. */
  readonly detail?: string;
}

/** "exit code 134", "killed by SIGKILL". Undefined when neither is known. */
export const endWords = ({ exitCode, signal }: ExecutorFailure): string | undefined =>
  signal !== undefined ? `ended by ${signal}` : exitCode !== undefined ? `exit code ${exitCode}` : undefined;

export function wordsOf(executor: Executor): ExecutorWords {
  const { state, asleep, progress, failure, words, inFlight, restarts } = executor;
  switch (state) {
    case 'online': {
      if (asleep) return { colour: 'grey', words: 'Asleep', detail: 'the next request wakes it' };
      const again = restarts > 0 ? `started again ${restarts === 1 ? 'once' : `${restarts} times`} by itself` : words;
      return { colour: 'green', words: 'Online', ...(again !== undefined && { detail: again }) };
    }
    case 'starting': {
      const detail = progress === undefined ? words : `loading ${percent(100 * progress)}`;
      return { colour: 'amber', words: 'Starting', ...(detail !== undefined && { detail }) };
    }
    case 'stopping':
      return {
        colour: 'amber',
        words: 'Stopping',
        ...(inFlight > 0 && { detail: `${count(inFlight, 'request')} to end` }),
      };
    case 'failed': {
      const detail = failure === undefined ? words : [endWords(failure), failure.words].filter(Boolean).join(' · ');
      return { colour: 'red', words: 'Failed', ...(detail !== undefined && { detail }) };
    }
    case 'offline':
      return { colour: 'grey', words: 'Offline', ...(words !== undefined && { detail: words }) };
  }
}

/** What can be ordered of an executor in its state. The first is what is wanted most. */
export type ExecutorAction = 'start' | 'start-again' | 'stop' | 'cancel-start' | 'cancel-requests' | 'restart';

export const actionWords: Record<ExecutorAction, string> = {
  start: 'Start',
  'start-again': 'Start again',
  stop: 'Stop',
  'cancel-start': 'Cancel',
  'cancel-requests': 'Cancel requests',
  restart: 'Restart',
};

export function actionsOf({ managed, state, inFlight, queued, restartNeeded }: Executor): readonly ExecutorAction[] {
  if (!managed) return [];
  switch (state) {
    case 'online': {
      const busy = inFlight + queued > 0;
      return [
        ...(restartNeeded ? (['restart'] as const) : []),
        'stop',
        ...(busy ? (['cancel-requests'] as const) : []),
      ];
    }
    case 'starting':
      return ['cancel-start'];
    case 'stopping':
      return inFlight > 0 ? ['cancel-requests'] : [];
    case 'failed':
      return ['start-again', 'stop'];
    case 'offline':
      return ['start'];
  }
}
