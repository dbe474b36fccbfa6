import { type RequestEvent, requestErrors, requestOutcomes } from '@muster/contracts';
import fc from 'fast-check';

/** Requests as routers tell them, for specs: any number of lives, one after the other or interleaved. */

export const START_MS = Date.UTC(2026, 10, 23, 12, 0, 0);
export const iso = (ms: number): string => new Date(ms).toISOString();
export const uuid = (kind: number, n: number): string =>
  `${String(kind).padStart(8, '0')}-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const nodeId = (n: number): string => uuid(2, n);

export interface Life {
  readonly requestId: string;
  readonly events: readonly RequestEvent[];
}

const lifeShape = fc.record({
  startMs: fc.integer({ min: 0, max: 90_000 }),
  router: fc.integer({ min: 0, max: 2 }),
  key: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
  model: fc.integer({ min: 0, max: 3 }),
  node: fc.integer({ min: 0, max: 3 }),
  other: fc.integer({ min: 0, max: 3 }),
  queueMs: fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined }),
  isRetried: fc.boolean(),
  workMs: fc.integer({ min: 0, max: 40_000 }),
  firstTokenShare: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
  tokens: fc.option(fc.tuple(fc.nat(2_000), fc.nat(2_000)), { nil: undefined }),
  outcome: fc.constantFrom(...requestOutcomes, 'open' as const),
  error: fc.constantFrom(...requestErrors),
});
type Shape = typeof lifeShape extends fc.Arbitrary<infer T> ? T : never;

/** One request, from its acceptance to its end if it has one. A refused one is on no node. */
export function lifeOf(n: number, shape: Shape): Life {
  const requestId = uuid(1, n);
  const { startMs, key, outcome, queueMs = 0 } = shape;
  const acceptedMs = START_MS + startMs;
  const router = uuid(3, shape.router);
  const asked = {
    ...{ requestId, router, endpoint: 'chat' as const, model: `model-${shape.model}`, stream: true },
    ...(key !== undefined && { keyId: uuid(4, key) }),
  };
  const place = (node: number) => ({ nodeId: nodeId(node), executorId: 'one' });
  const isPlaced = outcome !== 'refused';
  const isQueued = shape.queueMs !== undefined || !isPlaced;
  const events: RequestEvent[] = [
    {
      type: 'RequestStarted',
      data: { ...asked, ...(isQueued ? {} : place(shape.node)), at: iso(acceptedMs) },
    },
  ];
  const dispatch = (node: number, attempt: number, atMs: number) => {
    events.push({
      type: 'RequestDispatched',
      data: { requestId, router, ...place(node), queueMs, attempt, at: iso(atMs) },
    });
  };
  if (isPlaced && isQueued) dispatch(shape.node, 1, acceptedMs + queueMs);
  const isRetried = isPlaced && shape.isRetried && shape.other !== shape.node;
  const retryMs = acceptedMs + queueMs + Math.floor(shape.workMs / 2);
  if (isRetried) dispatch(shape.other, 2, retryMs);
  if (outcome === 'open') return { requestId, events };
  const totalMs = queueMs + shape.workMs;
  const { firstTokenShare, tokens } = shape;
  events.push({
    type: 'RequestFinished',
    data: {
      ...asked,
      ...(isPlaced ? place(isRetried ? shape.other : shape.node) : {}),
      ...{ acceptedAt: iso(acceptedMs), outcome, status: 200, queueMs, totalMs, attempts: isRetried ? 2 : 1 },
      ...(firstTokenShare !== undefined && isPlaced && { firstTokenMs: totalMs * firstTokenShare }),
      ...(tokens !== undefined && isPlaced && { tokensIn: tokens[0], tokensOut: tokens[1] }),
      ...(outcome !== 'completed' && { error: shape.error }),
      ...{ bytesIn: 100, bytesOut: 200, at: iso(acceptedMs + totalMs) },
    },
  });
  return { requestId, events };
}

export const lives: fc.Arbitrary<Life[]> = fc
  .array(lifeShape, { maxLength: 25 })
  .map((shapes) => shapes.map((shape, n) => lifeOf(n, shape)));

/** All their facts in the order of their times; those of one request stay in their order. */
export const told = (all: readonly Life[]): RequestEvent[] =>
  all
    .flatMap(({ events }) => events.map((event, place) => ({ event, place })))
    .sort((one, other) => Date.parse(one.event.data.at) - Date.parse(other.event.data.at) || one.place - other.place)
    .map(({ event }) => event);
