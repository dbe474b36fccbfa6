import { randomUUID } from 'node:crypto';
import { type MonitorPulse } from '@muster/contracts';
import { type SimulatedNode, simulatedFleet, until } from '@muster/testing';
import { shardOf, SHARDS } from './links/shards.js';
import { Stage } from './monitor.fixture.js';

jest.setTimeout(120_000);

function idIn(half: number): string {
  for (;;) {
    const nodeId = randomUUID();
    if (Math.floor((2 * shardOf(nodeId)) / SHARDS) === half) return nodeId;
  }
}

describe('the monitor and what it depends on', () => {
  let stage: Stage;
  let nodes: readonly SimulatedNode[];
  let stopNodes: () => Promise<void>;
  let nodeIds: string[];

  const allAre = (reason: string, withinMs = 15_000) =>
    until(() => nodeIds.every((nodeId) => stage.states.get(nodeId)?.status.reason === reason), Boolean, { withinMs });

  beforeEach(async () => {
    stage = await Stage.open();
    const fleet = await simulatedFleet(8, { accessKey: stage.accessKey });
    nodes = fleet.nodes;
    stopNodes = () => fleet.stop();
    nodeIds = [];
    // Half of them in each half of the shards, so that two monitors have four each.
    for (const [index, node] of nodes.entries()) nodeIds.push(await stage.register(node, idIn(index % 2)));
  });
  afterEach(async () => {
    await stage.close();
    await stopNodes();
  });

  it('goes on without the bus, and tells everything when it is back', async () => {
    await stage.monitor();
    await allAre('healthy');
    await stage.nats.kill();
    await nodes[0]?.kill();
    await until(() => nodes[1]?.links === 1);
    await stage.nats.restart();
    const [lost = ''] = nodeIds;
    await stage.sees(lost, 'refused', 15_000);
    await until(() => stage.factsOf(lost).some(({ type }) => type === 'NodeLost'), Boolean, { withinMs: 15_000 });
    await nodes[0]?.comeBack();
    await allAre('healthy');
  });

  it('puts every state anew when the bus lost what it stored', async () => {
    await stage.monitor();
    await allAre('healthy');
    stage.states.clear();
    await stage.nats.wipe();
    await allAre('healthy', 30_000);
  });

  it('takes a restart of its own for no news: since when a node is healthy stays, and no status is told twice', async () => {
    const first = await stage.monitor();
    await allAre('healthy');
    const [nodeId = ''] = nodeIds;
    await until(() => stage.factsOf(nodeId).some(({ type }) => type === 'NodeStatusChanged'));
    const since = stage.states.get(nodeId)?.status.since;
    const { token = 0 } = stage.states.get(nodeId) ?? {};
    await first.stop();
    await stage.monitor();
    await until(() => (stage.states.get(nodeId)?.token ?? 0) > token);
    await stage.sees(nodeId, 'healthy');
    expect(stage.states.get(nodeId)?.status.since).toBe(since);
    await until(() => stage.factsOf(nodeId).filter(({ type }) => type === 'NodeConnected').length === 2);
    expect(stage.factsOf(nodeId).filter(({ type }) => type === 'NodeStatusChanged')).toHaveLength(1);
  });

  it('shares the nodes with a second monitor, each node one link, and takes them over when one ends', async () => {
    const pulses = new Map<string, MonitorPulse>();
    stage.bus.onPulses((pulse) => pulses.set(pulse.monitorId, pulse));
    await stage.monitor({ MUSTER_MONITOR_ID: 'one' });
    await allAre('healthy');
    const two = await stage.monitor({ MUSTER_MONITOR_ID: 'two' });
    await until(() => pulses.get('one')?.nodes === 4 && pulses.get('two')?.nodes === 4, Boolean, { withinMs: 20_000 });
    await until(() => nodeIds.filter((nodeId) => stage.states.get(nodeId)?.monitorId === 'two').length === 4);
    await allAre('healthy');
    await until(() => nodes.every(({ links }) => links === 1));
    await two.stop();
    await until(() => nodeIds.every((nodeId) => stage.states.get(nodeId)?.monitorId === 'one'), Boolean, {
      withinMs: 15_000,
    });
    await allAre('healthy');
    await until(() => nodes.every(({ links }) => links === 1));
  });

  it('lets its nodes go when the database is away for longer than its leases, and takes them again', async () => {
    await stage.monitor();
    await allAre('healthy');
    await stage.database.refuseConnections(true);
    await stage.database.cutConnections();
    await allAre('unwatched', 20_000);
    await until(() => nodes.every(({ links }) => links === 0));
    await stage.database.refuseConnections(false);
    await allAre('healthy', 20_000);
  });
});
