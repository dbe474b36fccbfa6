import type { FleetNode } from '@muster/contracts';
import { reconcile, wantedOf } from './reconcile.js';
import { shardOf } from './shards.js';

const at = '2026-11-23T12:00:00.000Z';
const node = (nodeId: string, version = 1): FleetNode => ({
  nodeId,
  name: nodeId,
  host: '10.0.4.17',
  port: 8_022,
  activated: true,
  activation: { at, by: 'ann' },
  certificate: undefined,
  registeredAt: at,
  version,
});
const watched = (...wanted: { node: FleetNode; token: number }[]) =>
  new Map(wanted.map((each) => [each.node.nodeId, each]));
const always = () => true;

describe('the links that are wanted', () => {
  it('are those to the nodes whose shard is held', () => {
    const held = new Map([[shardOf('a'), 7]]);
    expect(wantedOf([node('a'), node('b')], held)).toEqual([{ node: node('a'), token: 7 }]);
  });
});

describe('what is to be done about links', () => {
  const a = { node: node('a'), token: 1 };

  it('is nothing when they are as they should be', () => {
    expect(reconcile([a], watched(a), always)).toEqual([]);
  });

  it('is to watch a node that is new', () => {
    expect(reconcile([a], watched(), always)).toEqual([{ do: 'watch', wanted: a }]);
  });

  it('is to change what changed', () => {
    const renamed = { node: node('a', 2), token: 1 };
    expect(reconcile([renamed], watched(a), always)).toEqual([{ do: 'change', wanted: renamed }]);
  });

  it('is to remove what left the fleet and to release what another monitor holds', () => {
    const b = { node: node('b'), token: 1 };
    expect(reconcile([], watched(a, b), (nodeId) => nodeId === 'b')).toEqual([
      { do: 'remove', nodeId: 'a' },
      { do: 'release', nodeId: 'b' },
    ]);
  });

  it('is to begin anew when the lease is another one', () => {
    const again = { node: node('a'), token: 2 };
    expect(reconcile([again], watched(a), always)).toEqual([
      { do: 'release', nodeId: 'a' },
      { do: 'watch', wanted: again },
    ]);
  });
});
