import {
  colours,
  type Executor,
  executorStates,
  type GpuSample,
  type Link,
  type Measurement,
  type Status,
} from '@muster/contracts';
import { type Family, familyOf, type FamilyType, type Labels, type Reading } from './families.js';
import { oneOf } from './metrics.js';

/** A node as it is known at this moment. */
export interface ObservedNode {
  readonly nodeId: string;
  readonly name: string;
  readonly version: string | undefined;
  readonly status: Status['colour'];
  readonly link: Link | undefined;
  readonly executors: readonly Executor[];
  /** The newest one; undefined where there is none of the last seconds. What a node did not measure is left out, never 0. */
  readonly measurement: Measurement | undefined;
}

interface Row {
  readonly node: ObservedNode;
  readonly labels: Labels;
}

type Read<Thing> = (thing: Thing, row: Row) => number | undefined | readonly Reading[];

const PERCENT = 100;
const ratio = (percent: number | undefined): number | undefined =>
  percent === undefined ? undefined : percent / PERCENT;
const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1_000);
const linkUp = ({ link }: ObservedNode) => (link?.phase === 'up' ? link : undefined);

/** Every figure of a node itself. */
const ofNode: readonly (readonly [string, string, Read<ObservedNode>])[] = [
  [
    'muster_node_info',
    'The node and the release of its service',
    ({ version }, { labels }) => [{ value: 1, labels: { ...labels, version: version ?? 'unknown' } }],
  ],
  [
    'muster_node_status',
    'The status of the node: 1 for the colour that it has',
    ({ status }, { labels }) => oneOf('status', colours, status, labels),
  ],
  ['muster_node_up', 'Whether there is a link to the node', (node) => (linkUp(node) === undefined ? 0 : 1)],
  ['muster_node_round_trip_seconds', 'There and back over the link', (node) => seconds(linkUp(node)?.roundTripMs)],
  [
    'muster_node_clock_offset_seconds',
    'How far the clock of the node is ahead of the monitor’s',
    (node) => seconds(linkUp(node)?.clockOffsetMs),
  ],
];

/** Every figure of what a node measures. */
const ofMeasurement: readonly (readonly [string, string, Read<Measurement>])[] = [
  ['muster_node_cpu_usage_ratio', 'Use of all cores together, 0 to 1', ({ cpuPercent }) => ratio(cpuPercent)],
  ['muster_node_memory_used_bytes', 'Memory in use', ({ memoryUsedBytes }) => memoryUsedBytes],
  ['muster_node_memory_size_bytes', 'Memory that there is', ({ memoryTotalBytes }) => memoryTotalBytes],
  [
    'muster_node_load_average',
    'Load averages of the system',
    ({ load }, { labels }) =>
      (load ?? []).map((value, index) => ({ value, labels: { ...labels, minutes: ['1', '5', '15'][index] ?? '' } })),
  ],
];

const ofGpu: readonly (readonly [string, string, Read<GpuSample>])[] = [
  ['muster_node_gpu_usage_ratio', 'Use of the GPU, 0 to 1', ({ utilisationPercent }) => ratio(utilisationPercent)],
  ['muster_node_gpu_memory_used_bytes', 'Memory of the GPU in use', ({ memoryUsedBytes }) => memoryUsedBytes],
  ['muster_node_gpu_memory_size_bytes', 'Memory of the GPU that there is', ({ memoryTotalBytes }) => memoryTotalBytes],
  ['muster_node_gpu_temperature_celsius', 'Temperature of the GPU', ({ temperatureCelsius }) => temperatureCelsius],
  ['muster_node_gpu_power_watts', 'What the GPU draws', ({ powerWatts }) => powerWatts],
];

interface ObservedExecutor {
  readonly executor: Executor;
  readonly sample: NonNullable<Measurement['executors']>[number] | undefined;
}

const ofExecutor: readonly (readonly [string, 'gauge' | 'counter', string, Read<ObservedExecutor>])[] = [
  [
    'muster_executor_state',
    'gauge',
    'The state of the executor: 1 for the one that it is in',
    ({ executor: { state } }, { labels }) => oneOf('state', executorStates, state, labels),
  ],
  ['muster_executor_slots', 'gauge', 'How many requests it answers at the same time', ({ executor }) => executor.slots],
  [
    'muster_executor_requests_in_flight',
    'gauge',
    'Requests that it works on',
    ({ executor, sample }) => (sample ?? executor).inFlight,
  ],
  [
    'muster_executor_requests_queued',
    'gauge',
    'Requests that wait at the node',
    ({ executor, sample }) => (sample ?? executor).queued,
  ],
  [
    'muster_executor_tokens_per_second',
    'gauge',
    'Tokens a second over the last seconds, all slots together',
    ({ sample }) => sample?.tokensPerSecond,
  ],
  [
    'muster_executor_requests_total',
    'counter',
    'Requests that it answered or failed since the node service started',
    ({ sample }) => sample?.requests,
  ],
  ['muster_executor_errors_total', 'counter', 'Those that failed', ({ sample }) => sample?.errors],
  ['muster_executor_memory_bytes', 'gauge', 'Memory of its process', ({ sample }) => sample?.memoryBytes],
  ['muster_executor_gpu_memory_bytes', 'gauge', 'Memory of the GPUs that it has', ({ sample }) => sample?.vramBytes],
  [
    'muster_executor_restarts_total',
    'counter',
    'How often it was started anew by itself since it was last started by order',
    ({ executor }) => executor.restarts,
  ],
];

function readings<Thing>(things: Iterable<{ thing: Thing; row: Row }>, read: Read<Thing>): Reading[] {
  const out: Reading[] = [];
  for (const { thing, row } of things) {
    const value = read(thing, row);
    if (typeof value === 'number') out.push({ value, labels: row.labels });
    else if (value !== undefined) out.push(...value);
  }
  return out;
}

/**
 * What is known of these nodes, as families. `labelsOf` gives what names a node in each sample: nothing where the reader of
 * the page knows which node it is of.
 */
export function nodeFamilies(
  nodes: readonly ObservedNode[],
  labelsOf: (node: ObservedNode) => Labels = ({ nodeId, name }) => ({ node: name, node_id: nodeId }),
): Family[] {
  const rows = nodes.map((node) => ({ node, labels: labelsOf(node) }));
  const whole = rows.map((row) => ({ thing: row.node, row }));
  const measured = rows.flatMap((row) =>
    row.node.measurement === undefined ? [] : [{ thing: row.node.measurement, row }],
  );
  const gpus = measured.flatMap(({ thing, row }) =>
    thing.gpus.map((gpu) => ({
      thing: gpu,
      row: { ...row, labels: { ...row.labels, gpu: String(gpu.index) } },
    })),
  );
  const executors = rows.flatMap((row) => {
    const samples = new Map(row.node.measurement?.executors?.map((sample) => [sample.executorId, sample]));
    return row.node.executors.map((executor) => ({
      thing: { executor, sample: samples.get(executor.executorId) },
      row: { ...row, labels: { ...row.labels, executor: executor.executorId, model: executor.model } },
    }));
  });
  const gauge = 'gauge' satisfies FamilyType;
  return [
    ...ofNode.map(([name, help, read]) => familyOf(name, gauge, help, readings(whole, read))),
    ...ofMeasurement.map(([name, help, read]) => familyOf(name, gauge, help, readings(measured, read))),
    ...ofGpu.map(([name, help, read]) => familyOf(name, gauge, help, readings(gpus, read))),
    ...ofExecutor.map(([name, type, help, read]) => familyOf(name, type, help, readings(executors, read))),
  ];
}

/** How many executors there are, by state and model, and how many slots those that are online have. */
export function executorCounts(nodes: Iterable<Pick<ObservedNode, 'executors'>>): {
  readonly executors: Reading[];
  readonly slots: Reading[];
} {
  const states = new Map<string, Record<Executor['state'], number> & { slots: number }>();
  for (const { executors } of nodes)
    for (const { model, state, slots } of executors) {
      const of = states.get(model) ?? { offline: 0, starting: 0, online: 0, stopping: 0, failed: 0, slots: 0 };
      of[state] += 1;
      if (state === 'online') of.slots += slots;
      states.set(model, of);
    }
  return {
    executors: [...states].flatMap(([model, of]) =>
      executorStates.map((state) => ({ value: of[state], labels: { model, state } })),
    ),
    slots: [...states].map(([model, { slots }]) => ({ value: slots, labels: { model } })),
  };
}

/** How many there are of each colour. */
export const statusCounts = (nodes: readonly Pick<ObservedNode, 'status'>[]): Reading[] =>
  colours.map((status) => ({
    value: nodes.filter((node) => node.status === status).length,
    labels: { status },
  }));
