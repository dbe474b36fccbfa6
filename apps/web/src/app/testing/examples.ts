import type { Account, FleetSnapshot, HistoryEntry, LogEntry, LogLevel, NodeSample, NodeView } from '@muster/contracts';
import { allPermissions } from '@muster/contracts';

/** Made-up values for the specs of this app. */
export const NODE_ID = '11111111-1111-4111-8111-111111111111';
export const OTHER_ID = '22222222-2222-4222-8222-222222222222';
export const RUN = '33333333-3333-4333-8333-333333333333';
export const AT = '2026-11-23T12:00:00.000Z';

export const admin: Account = {
  accountId: '44444444-4444-4444-8444-444444444444',
  name: 'admin',
  permissions: [...allPermissions],
};

export const fingerprint = (byte: string): string => Array.from({ length: 32 }, () => byte).join(':');

export const aNode = (over: Partial<NodeView> = {}): NodeView => ({
  nodeId: NODE_ID,
  name: 'brisk-otter',
  host: '10.0.4.17',
  port: 8022,
  registeredAt: AT,
  activated: true,
  activation: { at: AT, by: 'admin' },
  version: 1,
  status: { colour: 'green', reason: 'healthy', words: 'Healthy', clears: '', since: AT },
  link: { phase: 'up', since: AT, frames: 'in-time' },
  executors: [],
  ...over,
});

export const aFleet = (...nodes: NodeView[]): FleetSnapshot => ({
  gateway: { version: '0.1.0', startedAt: AT, notices: [] },
  nodes,
  loads: {},
});

export const aSample = (seq: number, atMs: number, cpuPercent = 10): NodeSample => ({
  nodeId: NODE_ID,
  run: RUN,
  seq,
  at: new Date(atMs).toISOString(),
  measurement: { cpuPercent, memoryUsedBytes: 4, memoryTotalBytes: 16, gpus: [] },
});

export const aLine = (n: number, message = `line ${n}`, level: LogLevel = 'info'): LogEntry => ({
  kind: 'line',
  n,
  run: RUN,
  line: { seq: Math.max(1, n), at: AT, level, source: 'node', message },
});

/** The node renamed to `gpu-<number>`, as the history tells it; a higher number is newer. */
export const anEntry = (number: number): HistoryEntry => {
  const at = new Date(Date.parse(AT) + number * 1_000).toISOString();
  return {
    id: `55555555-5555-4555-8555-${String(number).padStart(12, '0')}`,
    family: 'node',
    stream: `node-${NODE_ID}`,
    version: number,
    position: number,
    at,
    type: 'NodeRenamed',
    data: { nodeId: NODE_ID, name: `gpu-${number}`, from: 'brisk-otter', at },
    meta: {
      actor: { kind: 'account', id: admin.accountId, name: admin.name },
      commandId: RUN,
      correlationId: RUN,
    },
    subject: { kind: 'node', id: NODE_ID, name: `gpu-${number}` },
  };
};
