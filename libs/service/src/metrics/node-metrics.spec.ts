import type { Executor, Measurement } from '@muster/contracts';
import { executorCounts, nodeFamilies, type ObservedNode, statusCounts } from './node-metrics.js';

const executor: Executor = {
  ...{ executorId: 'e', modelId: 'm', model: 'tiny', kind: 'chat', engine: 'built-in', managed: true },
  ...{ state: 'online', enabled: true, asleep: false, slots: 4, inFlight: 1, queued: 0, restartNeeded: false },
  restarts: 2,
};
const measurement: Measurement = {
  ...{ cpuPercent: 25, memoryUsedBytes: 10, memoryTotalBytes: 40, load: [1, 2, 3] },
  gpus: [{ index: 0, utilisationPercent: 50, temperatureCelsius: 61 }],
  executors: [{ executorId: 'e', inFlight: 3, queued: 1, requests: 9, errors: 1, tokensPerSecond: 12.5 }],
};
const node: ObservedNode = {
  ...{ nodeId: 'id', name: 'One', version: '1.0.0', status: 'green', executors: [executor], measurement },
  link: { phase: 'up', since: '2026-11-23T12:00:00.000Z', frames: 'in-time', roundTripMs: 5 },
};
const linesOf = (nodes: ObservedNode[], name: string): readonly string[] =>
  nodeFamilies(nodes).find((family) => family.name === name)?.lines ?? [];

describe('the figures of a node', () => {
  it('are in base units and name the node', () => {
    const of = 'node="One",node_id="id"';
    expect(linesOf([node], 'muster_node_cpu_usage_ratio')).toEqual([`muster_node_cpu_usage_ratio{${of}} 0.25`]);
    expect(linesOf([node], 'muster_node_round_trip_seconds')).toEqual([`muster_node_round_trip_seconds{${of}} 0.005`]);
    expect(linesOf([node], 'muster_node_gpu_temperature_celsius')).toEqual([
      `muster_node_gpu_temperature_celsius{${of},gpu="0"} 61`,
    ]);
    expect(linesOf([node], 'muster_executor_requests_in_flight')).toEqual([
      `muster_executor_requests_in_flight{${of},executor="e",model="tiny"} 3`,
    ]);
  });

  it('leave out what the node did not measure', () => {
    expect(linesOf([node], 'muster_node_gpu_power_watts')).toEqual([]);
    const unmeasured = { ...node, measurement: undefined, link: undefined };
    expect(linesOf([unmeasured], 'muster_node_cpu_usage_ratio')).toEqual([]);
    expect(linesOf([unmeasured], 'muster_node_round_trip_seconds')).toEqual([]);
    expect(linesOf([unmeasured], 'muster_node_up')).toEqual(['muster_node_up{node="One",node_id="id"} 0']);
    expect(linesOf([unmeasured], 'muster_executor_requests_in_flight')).toHaveLength(1);
  });

  it('say the colour by a 1 among zeros', () => {
    const lines = linesOf([{ ...node, status: 'red' }], 'muster_node_status');
    expect(lines.filter((line) => line.endsWith(' 1'))).toEqual([
      'muster_node_status{node="One",node_id="id",status="red"} 1',
    ]);
    expect(lines).toHaveLength(4);
  });
});

describe('the figures of a fleet', () => {
  it('count executors by model and state, and slots of those online', () => {
    const failed: ObservedNode = { ...node, executors: [{ ...executor, state: 'failed' }] };
    const { executors, slots } = executorCounts([node, node, failed]);
    const of = (state: string) => executors.find(({ labels }) => labels?.['state'] === state)?.value;
    expect([of('online'), of('failed'), of('starting')]).toEqual([2, 1, 0]);
    expect(slots).toEqual([{ value: 8, labels: { model: 'tiny' } }]);
  });

  it('count nodes of every colour, also of those that none has', () => {
    expect(statusCounts([node, { ...node, status: 'grey' }]).map(({ value }) => value)).toEqual([1, 0, 0, 1]);
  });
});
