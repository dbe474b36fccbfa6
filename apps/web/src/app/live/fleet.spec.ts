import { aFleet, aNode, NODE_ID, OTHER_ID } from '../testing/examples.js';
import { fleetOf, reduceFleet } from './fleet.js';

const none = { changed: [], removed: [], loads: {} };
const load = { cpuPercent: 5, memoryPercent: 6 };

describe('the fleet on the page', () => {
  it('puts nodes in the order of their names, numbers as a person counts', () => {
    const names = ['node-10', 'Node-9', 'alpha'];
    const fleet = fleetOf(
      aFleet(...names.map((name, index) => aNode({ name, nodeId: `${index}${NODE_ID.slice(1)}` }))),
    );
    expect([...fleet.nodes.values()].map(({ name }) => name)).toEqual(['alpha', 'Node-9', 'node-10']);
  });

  it('takes in what changed and lets go of what was removed', () => {
    const fleet = fleetOf(aFleet(aNode(), aNode({ nodeId: OTHER_ID, name: 'old-lynx' })));
    const next = reduceFleet(fleet, { ...none, changed: [aNode({ name: 'calm-heron' })], removed: [OTHER_ID] });
    expect([...next.nodes.values()].map(({ name }) => name)).toEqual(['calm-heron']);
  });

  it('keeps the same nodes when only loads came, so that nothing is sorted each second', () => {
    const fleet = fleetOf(aFleet(aNode()));
    const next = reduceFleet(fleet, { ...none, loads: { [NODE_ID]: load } });
    expect(next.nodes).toBe(fleet.nodes);
    expect(next.loads).toEqual({ [NODE_ID]: load });
  });

  it('shows no load of a node whose link is gone', () => {
    const fleet = reduceFleet(fleetOf(aFleet(aNode())), { ...none, loads: { [NODE_ID]: load } });
    const at = '2026-11-23T12:01:00.000Z';
    const down = aNode({ link: { phase: 'down', cause: 'silent', since: at } });
    expect(reduceFleet(fleet, { ...none, changed: [down] }).loads).toEqual({});
  });
});
