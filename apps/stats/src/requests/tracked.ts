import {
  requestFactId,
  type RequestEvent,
  type RequestFinished,
  type RequestState,
  type RequestView,
} from '@muster/contracts';

/** A request with the facts that tell it, in the order in which they came. */
export interface Tracked {
  readonly view: RequestView;
  readonly facts: readonly RequestEvent[];
}

/** A request after one more of its facts; the same object when the fact was known, or comes after its end. */
export function takeFact(tracked: Tracked | undefined, event: RequestEvent): Tracked {
  if (tracked === undefined) return { view: firstView(event), facts: [event] };
  const id = requestFactId(event);
  if (tracked.facts.some((known) => requestFactId(known) === id)) return tracked;
  const { view } = tracked;
  switch (event.type) {
    case 'RequestStarted': {
      // Overtaken by a later fact of its own: it tells what was asked, not where the request stands now.
      const { endpoint, model, keyId, stream, at } = event.data;
      const asked = { endpoint, model, stream, ...(keyId !== undefined && { keyId }), acceptedAt: at };
      return { view: { ...view, ...asked }, facts: [event, ...tracked.facts] };
    }
    case 'RequestDispatched': {
      const facts = [...tracked.facts, event];
      if (isEnded(view.state)) return { view, facts };
      return { view: { ...view, ...dispatched(event.data), state: openState(view.state) }, facts };
    }
    case 'RequestFinished':
      return { view: finished(event), facts: [...tracked.facts, event] };
  }
}

/** Gives a request up that nobody will tell the end of. */
export const lose = ({ view, facts }: Tracked, at: string): Tracked => ({
  view: { ...view, state: 'lost', endedAt: at },
  facts,
});

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

function firstView(event: RequestEvent): RequestView {
  switch (event.type) {
    case 'RequestStarted': {
      const { data } = event;
      return { ...data, acceptedAt: data.at, state: data.nodeId === undefined ? 'queued' : 'running' };
    }
    case 'RequestDispatched': {
      // Its beginning is not there, or not yet: what was asked for is not known.
      const { requestId, router, at } = event.data;
      const unknown = { model: '', stream: false, acceptedAt: at };
      return { requestId, router, ...unknown, ...dispatched(event.data), state: 'running' };
    }
    case 'RequestFinished':
      return finished(event);
  }
}

/** What a view has no name for stays in it unseen: leaving single fields out is what costs the most here. */
const finished = ({ data }: RequestFinished): RequestView => ({ ...data, state: data.outcome, endedAt: data.at });
