import {
  type RequestEvent,
  type RequestFinished,
  type RequestStarted,
  type RequestState,
  type RequestView,
} from '@muster/contracts';
import { msOf } from '../figures/moment.js';

/** On which node a request is, and since when in ms since 1970. */
export interface Stay {
  readonly nodeId: string;
  readonly sinceMs: number;
}

/** A request with the facts that tell it, in the order in which they came. */
export interface Tracked {
  readonly view: RequestView;
  readonly facts: readonly RequestEvent[];
  /** What each fact says, as JSON: as it came, so that it is not written anew. */
  readonly bodies: readonly string[];
  /** Where it is; undefined while it waits for a slot, and once it is over. */
  readonly stay: Stay | undefined;
}

/** A request after one more of its facts; the same object when the fact was known, or comes after its end. */
export function takeFact(
  tracked: Tracked | undefined,
  event: RequestEvent,
  body: string = JSON.stringify(event.data),
): Tracked {
  if (tracked === undefined) return first(event, body);
  if (isKnown(tracked.facts, event)) return tracked;
  const { view } = tracked;
  switch (event.type) {
    case 'RequestStarted': {
      // Overtaken by a later fact of its own: it tells what was asked, not where the request stands now.
      const { endpoint, model, keyId, stream, at } = event.data;
      const asked = { endpoint, model, stream, ...(keyId !== undefined && { keyId }), acceptedAt: at };
      return placed({ ...view, ...asked }, [event, ...tracked.facts], [body, ...tracked.bodies]);
    }
    case 'RequestDispatched': {
      const [facts, bodies] = [
        [...tracked.facts, event],
        [...tracked.bodies, body],
      ];
      if (isEnded(view.state)) return placed(view, facts, bodies);
      return placed({ ...view, ...dispatched(event.data), state: openState(view.state) }, facts, bodies);
    }
    case 'RequestFinished':
      return {
        view: finished(event),
        facts: [...tracked.facts, event],
        bodies: [...tracked.bodies, body],
        stay: undefined,
      };
  }
}

/** Gives a request up that nobody will tell the end of. */
export const lose = (tracked: Tracked, at: string): Tracked => ({
  ...tracked,
  view: { ...tracked.view, state: 'lost', endedAt: at },
  stay: undefined,
});

/** The RequestStarted that an end repeats: of most requests it says no more than that. */
export const startOf = ({ data }: RequestFinished): RequestStarted => {
  const { requestId, router, endpoint, model, keyId, stream, nodeId, executorId, acceptedAt: at } = data;
  return {
    type: 'RequestStarted',
    data: {
      ...{ requestId, router, endpoint, model, stream, at },
      ...(keyId !== undefined && { keyId }),
      ...(nodeId !== undefined && { nodeId }),
      ...(executorId !== undefined && { executorId }),
    },
  };
};

/** Whether the beginning says nothing that the end does not say. */
export const isRepeated = ({ data: one }: RequestStarted, { data: other }: RequestFinished): boolean =>
  one.at === other.acceptedAt &&
  one.nodeId === other.nodeId &&
  one.executorId === other.executorId &&
  one.model === other.model &&
  one.keyId === other.keyId &&
  one.router === other.router &&
  one.endpoint === other.endpoint &&
  one.stream === other.stream;

/** A request has each fact once, a dispatch for each try. */
function isKnown(facts: readonly RequestEvent[], event: RequestEvent): boolean {
  for (const known of facts) {
    if (known.type !== event.type) continue;
    if (known.type !== 'RequestDispatched' || event.type !== 'RequestDispatched') return true;
    if (known.data.attempt === event.data.attempt) return true;
  }
  return false;
}

const isEnded = (state: RequestState): boolean => state !== 'queued' && state !== 'running' && state !== 'lost';
const openState = (state: RequestState): RequestState => (state === 'lost' ? 'lost' : 'running');

const dispatched = ({
  nodeId,
  executorId,
  queueMs,
  attempt,
}: Pick<
  Extract<RequestEvent, { type: 'RequestDispatched' }>['data'],
  'nodeId' | 'executorId' | 'queueMs' | 'attempt'
>) => ({
  ...{ nodeId, executorId, queueMs, attempts: attempt },
});

function first(event: RequestEvent, body: string): Tracked {
  const [facts, bodies] = [[event], [body]];
  switch (event.type) {
    case 'RequestStarted': {
      const { data } = event;
      return placed(
        { ...data, acceptedAt: data.at, state: data.nodeId === undefined ? 'queued' : 'running' },
        facts,
        bodies,
      );
    }
    case 'RequestDispatched': {
      // Its beginning is not there, or not yet: what was asked for is not known.
      const { requestId, router, at } = event.data;
      const unknown = { model: '', stream: false, acceptedAt: at };
      return placed({ requestId, router, ...unknown, ...dispatched(event.data), state: 'running' }, facts, bodies);
    }
    case 'RequestFinished':
      return { view: finished(event), facts, bodies, stay: undefined };
  }
}

/** With the stay that its facts tell. */
function placed(view: RequestView, facts: readonly RequestEvent[], bodies: readonly string[]): Tracked {
  const { nodeId } = view;
  if (view.state !== 'running' || nodeId === undefined) return { view, facts, bodies, stay: undefined };
  let at = view.acceptedAt;
  for (const fact of facts) if (fact.type !== 'RequestFinished' && fact.data.nodeId === nodeId) at = fact.data.at;
  return { view, facts, bodies, stay: { nodeId, sinceMs: msOf(at) } };
}

/** What a view has no name for stays in it unseen: leaving single fields out is what costs the most here. */
const finished = ({ data }: RequestFinished): RequestView => ({ ...data, state: data.outcome, endedAt: data.at });
