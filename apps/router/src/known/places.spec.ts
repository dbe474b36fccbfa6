import { Executor, type FleetNode, type Link, type NodeState } from '@muster/contracts';
import { isAwaited, placesOf, stateAfter } from './places.js';

const at = '2026-11-23T12:00:00.000Z';
const node: FleetNode = {
  nodeId: '7d8cf3ad-6f2f-4b6a-9a5e-2f8f1f6f3c11',
  name: 'gpu-1',
  host: 'gpu-1.local',
  port: 8022,
  activated: true,
  activation: { at, by: 'ada' },
  certificate: { fingerprint: 'AA', pem: 'pem', pinnedAt: at },
  registeredAt: at,
  version: 3,
};
const up: Link = { phase: 'up', since: at, frames: 'in-time' };
const executor = (more: Partial<Executor> = {}): Executor =>
  Executor.parse({ executorId: 'tiny', model: 'tiny', state: 'online', slots: 2, inFlight: 0, queued: 0, ...more });
const state = (more: Partial<NodeState> = {}): NodeState => ({
  nodeId: node.nodeId,
  monitorId: 'monitor',
  token: 1,
  status: { colour: 'green', reason: 'healthy', words: '', clears: '', since: at },
  link: up,
  executors: [executor()],
  ...more,
});
const stateOf = (more: Partial<NodeState>, of: FleetNode = node) => placesOf(of, state(more))[0]?.state;

describe('an executor as a place for requests', () => {
  it('takes them while its node is linked and in time', () => {
    expect(placesOf(node, state())).toEqual([
      {
        id: `${node.nodeId}/tiny`,
        nodeId: node.nodeId,
        nodeName: 'gpu-1',
        executorId: 'tiny',
        model: 'tiny',
        slots: 2,
        state: 'ready',
        asleep: false,
        kind: 'chat',
        since: at,
      },
    ]);
  });

  it('is not there before anybody has told of its node', () => expect(placesOf(node, undefined)).toEqual([]));

  it.each<[string, Partial<NodeState>]>([
    ['a link that is silent', { link: { phase: 'up', since: at, frames: 'stale' } }],
    ['a link that is only being made', { link: { phase: 'connecting', since: at } }],
    ['an executor that starts', { executors: [executor({ state: 'starting' })] }],
  ])('is waited for and gets nothing: %s', (_words, more) => expect(stateOf(more)).toBe('soon'));

  it.each<[string, Partial<NodeState>]>([
    ['a link that has just come back', { link: { phase: 'up', since: at, frames: 'settling' } }],
    ['an executor that sleeps', { executors: [executor({ asleep: true })] }],
  ])('is taken when nobody else has room: %s', (_words, more) => expect(stateOf(more)).toBe('spare'));

  it.each<[string, Partial<NodeState>]>([
    ['no link', { link: { phase: 'down', cause: 'silent', since: at } }],
    [
      'no link, and it was starting',
      { link: { phase: 'down', cause: 'silent', since: at }, executors: [executor({ state: 'starting' })] },
    ],
    ['a node that drains', { condition: { condition: 'draining' } }],
    ['a node with an error', { condition: { condition: 'error', message: 'x' } }],
    ['an executor that is stopped', { executors: [executor({ state: 'offline' })] }],
    ['an executor that failed', { executors: [executor({ state: 'failed' })] }],
    ['an executor that stops', { executors: [executor({ state: 'stopping' })] }],
  ])('serves nobody: %s', (_words, more) => expect(stateOf(more)).toBe('away'));

  it('serves nobody while its node is deactivated, or was never accepted by its certificate', () => {
    expect(stateOf({}, { ...node, activated: false })).toBe('away');
    expect(stateOf({}, { ...node, certificate: undefined })).toBe('away');
  });

  it('takes one at a time when it has no slots by its own account', () => {
    expect(placesOf(node, state({ executors: [executor({ slots: 0 })] }))[0]?.slots).toBe(1);
  });
});

describe('what is known of a node after its monitor has told of it', () => {
  const before = state({ condition: { condition: 'draining' } });
  const connecting: Link = { phase: 'connecting', since: at };
  const down: Link = { phase: 'down', cause: 'closed', since: at };

  it('goes on while another monitor has only begun', () => {
    const told = state({ monitorId: 'another', token: 2, link: connecting, executors: [] });
    expect(stateAfter(before, told)).toEqual({ ...before, monitorId: 'another', token: 2 });
    expect(stateAfter(state(), told).condition).toBeUndefined();
  });

  it('keeps the models of a node whose link is lost, which serves nobody then', () => {
    const known = stateAfter(before, state({ link: down, executors: [] }));
    expect(known).toEqual(state({ link: down }));
    expect(placesOf(node, known)[0]?.state).toBe('away');
  });

  it('is what it was told where it has the link, or knew nothing before', () => {
    const bare = state({ executors: [] });
    expect(stateAfter(before, bare)).toBe(bare);
    const first = state({ link: connecting, executors: [] });
    expect(stateAfter(undefined, first)).toBe(first);
  });

  it('is awaited of a node that may serve until a link was made, or could not be', () => {
    expect(isAwaited(node, undefined)).toBe(true);
    expect(isAwaited(node, state({ link: connecting }))).toBe(true);
    expect(isAwaited(node, state({ link: down }))).toBe(false);
    expect(isAwaited(node, state())).toBe(false);
    expect(isAwaited({ ...node, activated: false }, undefined)).toBe(false);
  });
});
