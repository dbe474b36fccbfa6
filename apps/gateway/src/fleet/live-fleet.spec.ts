import { randomUUID } from 'node:crypto';
import { activated, AT, healthy, MONITOR, nodeFact, pulse, registered, sample } from './fleet.examples.js';
import { LiveFleet } from './live-fleet.js';

const watched = () => {
  const nodeId = randomUUID();
  const fleet = new LiveFleet('0.1.0', AT, 0);
  fleet.fact(registered(nodeId), 0, AT);
  fleet.fact(activated(nodeId), 0, AT);
  fleet.pulse(pulse(), 0);
  fleet.state(healthy(nodeId, 3), 0);
  return { fleet, nodeId };
};

/** Monitors heard once a second from `fromMs` on, up to and including `toMs`. */
const heard = (fleet: LiveFleet, fromMs: number, toMs: number) => {
  for (let ms = fromMs; ms <= toMs; ms += 1000) fleet.pulse(pulse(), ms);
};

describe('the fleet as pages see it', () => {
  it('moves only with the tick, which tells what has changed since the one before', () => {
    const { fleet, nodeId } = watched();
    expect(fleet.snapshot().nodes).toEqual([]);
    const change = fleet.tick(100, AT);
    expect(change).toMatchObject({ changed: [{ nodeId, status: { colour: 'green' } }], removed: [], loads: {} });
    expect(fleet.snapshot().nodes).toEqual(change?.changed);
    expect(fleet.tick(200, AT)).toBeUndefined();
  });

  it('tells the load of nodes whose samples came, and only of those', () => {
    const { fleet, nodeId } = watched();
    fleet.tick(100, AT);
    fleet.sample(sample(nodeId, 1, 42), 150);
    expect(fleet.tick(200, AT)).toEqual({
      changed: [],
      removed: [],
      loads: { [nodeId]: { cpuPercent: 42, memoryPercent: 25 } },
    });
    expect(fleet.tick(300, AT)).toBeUndefined();
    expect(fleet.snapshot().loads[nodeId]?.cpuPercent).toBe(42);
    fleet.tick(5_200, AT);
    expect(fleet.snapshot().loads).toEqual({});
  });

  it('takes a removed node away, whatever arrives late', () => {
    const { fleet, nodeId } = watched();
    fleet.tick(100, AT);
    fleet.fact(nodeFact({ type: 'NodeRemoved', data: { nodeId, name: 'x', at: AT } }, 3), 150, AT);
    expect(fleet.tick(200, AT)).toMatchObject({ changed: [], removed: [nodeId] });
    fleet.sample(sample(nodeId, 1), 210);
    expect(fleet.tick(300, AT)).toBeUndefined();
    expect(fleet.has(nodeId)).toBe(false);
    expect(fleet.view(nodeId, 300, AT)).toBeUndefined();
  });

  it('drops the state of a monitor that has lost the node', () => {
    const { fleet, nodeId } = watched();
    expect(fleet.state({ ...healthy(nodeId, 2, 'monitor-0') }, 10)).toBe(false);
    expect(fleet.state({ ...healthy(nodeId, 4, 'monitor-2') }, 20)).toBe(true);
    expect(fleet.state(healthy(nodeId, 3), 30)).toBe(false);
  });
});

describe('a monitor that falls silent', () => {
  it('leaves its nodes unwatched after five seconds, and says so', () => {
    const { fleet, nodeId } = watched();
    fleet.tick(0, AT);
    expect(fleet.tick(4_999, AT)).toBeUndefined();
    expect(fleet.tick(5_000, AT)).toMatchObject({
      gateway: { notices: ['monitor-silent'] },
      changed: [{ nodeId, status: { colour: 'amber', reason: 'unwatched' } }],
    });
    fleet.pulse(pulse(), 6_000);
    expect(fleet.tick(6_100, AT)).toMatchObject({
      gateway: { notices: [] },
      changed: [{ nodeId, status: { colour: 'green' } }],
    });
  });

  it('is given time to be heard when the gateway starts after it', () => {
    const { fleet } = watched();
    expect(fleet.tick(4_000, AT)?.changed).toMatchObject([{ status: { colour: 'green' } }]);
  });

  it('says that none is there, when none ever was', () => {
    const nodeId = randomUUID();
    const fleet = new LiveFleet('0.1.0', AT, 0);
    fleet.fact(registered(nodeId), 0, AT);
    fleet.fact(activated(nodeId), 0, AT);
    expect(fleet.tick(1_000, AT)?.gateway).toBeUndefined();
    expect(fleet.tick(5_000, AT)?.gateway?.notices).toEqual(['monitor-silent']);
  });

  it('is not blamed for what the bus did', () => {
    const { fleet, nodeId } = watched();
    fleet.tick(0, AT);
    fleet.bus(false, 1_000);
    expect(fleet.tick(20_000, AT)).toMatchObject({ gateway: { notices: ['bus-away'] }, changed: [] });
    fleet.bus(true, 21_000);
    expect(fleet.tick(21_100, AT)).toMatchObject({ gateway: { notices: [] }, changed: [] });
    expect(fleet.view(nodeId, 25_900, AT)?.status.colour).toBe('green');
    expect(fleet.view(nodeId, 26_000, AT)?.status.reason).toBe('unwatched');
  });
});

describe('a monitor that was silent before the bus was found to be away', () => {
  it('stays silent until it is heard: no node turns green again on no news', () => {
    const { fleet, nodeId } = watched();
    fleet.tick(5_000, AT);
    fleet.bus(false, 11_000);
    expect(fleet.tick(11_100, AT)?.gateway?.notices).toEqual(['bus-away']);
    expect(fleet.view(nodeId, 11_100, AT)?.status.reason).toBe('unwatched');
    fleet.bus(true, 25_000);
    expect(fleet.view(nodeId, 25_100, AT)?.status.reason).toBe('unwatched');
    fleet.pulse(pulse(), 25_500);
    expect(fleet.view(nodeId, 25_600, AT)?.status.colour).toBe('green');
  });
});

describe('notices', () => {
  it('tell that a monitor is impaired for as long as it says so', () => {
    const { fleet } = watched();
    fleet.pulse(pulse(MONITOR, true), 100);
    expect(fleet.tick(200, AT)?.gateway?.notices).toEqual(['monitor-impaired']);
    fleet.pulse(pulse(), 300);
    expect(fleet.tick(400, AT)?.gateway?.notices).toEqual([]);
  });
});

describe('the settings', () => {
  it('are told by their version, and that inference is open as long as it is, whatever else is wrong', () => {
    const { fleet } = watched();
    fleet.tick(100, AT);
    fleet.settings({ version: 4, inferenceOpen: true });
    expect(fleet.tick(200, AT)?.gateway).toMatchObject({ settingsVersion: 4, notices: ['inference-open'] });
    fleet.bus(false, 300);
    expect(fleet.tick(400, AT)?.gateway?.notices).toEqual(['bus-away', 'inference-open']);
    fleet.bus(true, 500);
    fleet.settings({ version: 5, inferenceOpen: false });
    expect(fleet.tick(600, AT)?.gateway).toMatchObject({ settingsVersion: 5, notices: [] });
    expect(fleet.tick(700, AT)).toBeUndefined();
  });
});

describe('looking for a first node', () => {
  it('is told until one was ever registered, and never again', () => {
    const nodeId = randomUUID();
    const fleet = new LiveFleet('0.1.0', AT, 0, { lookingAt: 'localhost:8022' });
    expect(fleet.snapshot().gateway.lookingAt).toBe('localhost:8022');
    fleet.fact(registered(nodeId), 0, AT);
    fleet.fact(nodeFact({ type: 'NodeRemoved', data: { nodeId, name: 'x', at: AT } }, 2), 0, AT);
    expect(fleet.tick(100, AT)?.gateway).toEqual({ version: '0.1.0', startedAt: AT, notices: [] });
    expect(fleet.snapshot().gateway).not.toHaveProperty('lookingAt');
  });
});

describe('a node that was just activated', () => {
  it('is connecting, not in alarm, until a monitor has come to it', () => {
    const { fleet } = watched();
    const nodeId = randomUUID();
    heard(fleet, 0, 10_000);
    fleet.fact(registered(nodeId), 10_000, AT);
    fleet.fact(activated(nodeId), 10_000, AT);
    expect(fleet.view(nodeId, 10_100, AT)?.status).toMatchObject({ colour: 'amber', reason: 'connecting' });
    heard(fleet, 11_000, 15_000);
    expect(fleet.view(nodeId, 15_000, AT)?.status.reason).toBe('unwatched');
  });
});
