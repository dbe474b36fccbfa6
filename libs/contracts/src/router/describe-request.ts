import type { FactWords } from '../history/describe-fact.js';
import type { RequestError, RequestEvent, RequestOutcome } from './request.events.js';

/** Why a request, or one of its tries, did not lead to an answer: for a person. */
export const requestErrorWords: Record<RequestError, string> = {
  'bad-request': 'The request is not valid',
  'model-unknown': 'No node has this model',
  'model-not-permitted': 'The key may not use this model',
  'model-offline': 'No node with this model is connected',
  'limit-concurrent': 'The key has too many requests at once',
  'limit-requests': 'The key has used up its requests of this minute',
  'limit-tokens': 'The key has used up its tokens of this minute',
  'queue-full': 'Every slot was taken and the queue was full',
  'queue-timeout': 'No slot became free in time',
  'node-busy': 'The node had no room for it',
  'node-refused': 'The executor refused it',
  'node-error': 'The executor failed',
  'connect-failed': 'The node could not be reached',
  'first-token-timeout': 'The answer did not begin in time',
  'stream-broken': 'The answer broke off',
  'stream-silent': 'The answer stood still',
  'client-left': 'Whoever asked went away',
  'router-stopping': 'The router was stopped',
};

const outcomes: Record<RequestOutcome, { colour: FactWords['colour']; words: string }> = {
  completed: { colour: 'green', words: 'completed' },
  failed: { colour: 'red', words: 'failed' },
  cancelled: { colour: 'grey', words: 'cancelled' },
  refused: { colour: 'amber', words: 'refused' },
};

const seconds = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

/** A fact about a request for a person. `node` is what people call the node, where one is named. */
export function describeRequestFact(event: RequestEvent, node?: string): FactWords {
  const where = node ?? event.data.nodeId;
  switch (event.type) {
    case 'RequestStarted':
      return {
        colour: 'green',
        title: `Request for ${event.data.model} ${where === undefined ? 'waits for a slot' : `sent to ${where}`}`,
      };
    case 'RequestDispatched':
      return {
        colour: 'green',
        title: `Request sent to ${where ?? 'a node'}`,
        detail:
          event.data.attempt > 1 ? `Try ${event.data.attempt}` : `After ${seconds(event.data.queueMs)} in the queue`,
      };
    case 'RequestFinished': {
      const { outcome, error, totalMs, model } = event.data;
      const { colour, words } = outcomes[outcome];
      return {
        colour,
        title: `Request for ${model} ${words} after ${seconds(totalMs)}`,
        ...(error !== undefined && { detail: requestErrorWords[error] }),
      };
    }
  }
}
