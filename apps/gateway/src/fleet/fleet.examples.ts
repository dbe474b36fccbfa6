import { randomUUID } from 'node:crypto';
import type { Fact, MonitorPulse, NodeEvent, NodeSample, NodeState } from '@muster/contracts';

/** Facts, states, samples and pulses as the bus would bring them, for specs. */

export const AT = '2026-11-23T12:00:00.000Z';
export const MONITOR = 'monitor-1';

let position = 0;

export const nodeFact = (event: NodeEvent, version = 1): Fact<NodeEvent> => ({
  ...event,
  id: randomUUID(),
  stream: `node-${event.data.nodeId}`,
  version,
  position: ++position,
  at: event.data.at,
  meta: {
    actor: { kind: 'account', id: randomUUID(), name: 'ada' },
    commandId: randomUUID(),
    correlationId: randomUUID(),
  },
});

export const registered = (nodeId: string, name = `node ${nodeId.slice(0, 4)}`, port = 8022): Fact<NodeEvent> =>
  nodeFact({
    type: 'NodeRegistered',
    data: { nodeId, name, host: `${nodeId.slice(0, 8)}.lab`, port, found: 'by-hand', at: AT },
  });

export const activated = (nodeId: string): Fact<NodeEvent> =>
  nodeFact({ type: 'NodeActivated', data: { nodeId, at: AT } }, 2);

export const healthy = (nodeId: string, token = 1, monitorId = MONITOR): NodeState => ({
  nodeId,
  monitorId,
  token,
  status: { colour: 'green', reason: 'healthy', words: 'Healthy', clears: '', since: AT },
  link: { phase: 'up', since: AT, frames: 'in-time' },
  executors: [],
});

export const pulse = (monitorId = MONITOR, impaired = false): MonitorPulse => ({
  monitorId,
  seq: 1,
  impaired,
  nodes: 1,
});

export const RUN = randomUUID();

export const sample = (nodeId: string, seq: number, cpuPercent = 12): NodeSample => ({
  nodeId,
  run: RUN,
  seq,
  at: new Date(Date.parse(AT) + seq * 1000).toISOString(),
  measurement: { cpuPercent, memoryUsedBytes: 2, memoryTotalBytes: 8, gpus: [] },
});
