import * as z from 'zod/mini';
import type { FleetNode } from '../fleet.js';
import { Executor } from '../monitor/executor.js';
import { Hardware } from '../monitor/hardware.js';
import { Link } from '../monitor/link.js';
import type { NodeState } from '../monitor/node-state.js';
import { ModelList } from '../monitor/node-models.js';
import { NodeSample, type Measurement } from '../monitor/sample.js';
import { Status, type StatusInput, statusOf } from '../monitor/status.js';
import { Fingerprint } from '../registry/node.events.js';

/** A node as the pages show it: what was decided and what is observed, side by side. */
export const NodeView = z.object({
  nodeId: z.uuid(),
  name: z.string(),
  host: z.string(),
  port: z.number(),
  registeredAt: z.iso.datetime(),
  /** What was asked for, when and by whom. */
  activated: z.boolean(),
  activation: z.object({ at: z.iso.datetime(), by: z.string() }),
  certificate: z.optional(z.object({ fingerprint: Fingerprint, pinnedAt: z.iso.datetime() })),
  /** The node aggregate's version, for `If-Match` and `expectedVersion`. */
  version: z.number(),
  status: Status,
  link: z.optional(Link),
  nodeVersion: z.optional(z.string()),
  hardware: z.optional(Hardware),
  executors: z.array(Executor),
});
export type NodeView = z.infer<typeof NodeView>;

/** The models of one node, as they were last known: of a node that is away too. */
export const ModelsView = z.object({ nodeId: z.uuid(), ...ModelList.shape });
export type ModelsView = z.infer<typeof ModelsView>;

export const ModelsSnapshot = z.object({ nodes: z.array(ModelsView) });
export type ModelsSnapshot = z.infer<typeof ModelsSnapshot>;

/** The nodes whose models have changed, each with all of its models. */
export const ModelsChange = z.object({ changed: z.array(ModelsView), removed: z.array(z.uuid()) });
export type ModelsChange = z.infer<typeof ModelsChange>;

/** The few figures of the newest sample that the list shows. Percentages of 0 to 100; absent is not known. */
export const NodeLoad = z.object({
  cpuPercent: z.number(),
  memoryPercent: z.number(),
  /** Mean over the GPUs that tell. */
  gpuPercent: z.optional(z.number()),
  /** Used of total over the GPUs that tell both. */
  vramPercent: z.optional(z.number()),
  /** Tokens a second of each executor that tells, by its id. */
  tokensPerSecond: z.optional(z.record(z.string(), z.number())),
});
export type NodeLoad = z.infer<typeof NodeLoad>;

/** What holds for the page as a whole and must not be overlooked. */
export const Notice = z.enum([
  'bus-away',
  'monitor-silent',
  'monitor-impaired',
  'facts-held-up',
  'facts-parked',
  'inference-open',
]);
export type Notice = z.infer<typeof Notice>;

export const GatewayView = z.object({
  version: z.string(),
  startedAt: z.iso.datetime(),
  notices: z.array(Notice),
  /** The version of the settings in force, so that a page which shows them knows when to read them anew. */
  settingsVersion: z.optional(z.number()),
  /** Where the Gateway looks for a first node by itself, as `localhost:8022`. Absent once a node was ever registered. */
  lookingAt: z.optional(z.string()),
  /** Where applications send their requests, as `http://localhost:8090/v1`. Absent where nobody has told. */
  apiUrl: z.optional(z.string()),
});
export type GatewayView = z.infer<typeof GatewayView>;

export const FleetSnapshot = z.object({
  gateway: GatewayView,
  nodes: z.array(NodeView),
  loads: z.record(z.string(), NodeLoad),
});
export type FleetSnapshot = z.infer<typeof FleetSnapshot>;

/** What changed in the fleet since the change before. A node without a link has no load: the last one told is forgotten. */
export const FleetChange = z.object({
  gateway: z.optional(GatewayView),
  changed: z.array(NodeView),
  removed: z.array(z.uuid()),
  loads: z.record(z.string(), NodeLoad),
});
export type FleetChange = z.infer<typeof FleetChange>;

export const MetricsSnapshot = z.object({ samples: z.array(NodeSample) });

/** The view of a node, from its decided and its observed half. `watched` is false while its monitor can not be heard. */
export function viewOf(
  node: FleetNode,
  state: NodeState | undefined,
  watched: boolean,
  before: NodeView | undefined,
  at: string,
): NodeView {
  const { nodeId, name, host, port, registeredAt, activated, activation, version, certificate } = node;
  const live = activated && watched ? state : undefined;
  const input: StatusInput = {
    activated,
    link: live?.link,
    condition: live?.condition,
    executors: live?.executors ?? [],
  };
  return {
    nodeId,
    name,
    host,
    port,
    registeredAt,
    activated,
    activation,
    version,
    ...(certificate && { certificate: { fingerprint: certificate.fingerprint, pinnedAt: certificate.pinnedAt } }),
    status:
      live?.status ??
      (activated ? statusOf(input, before?.status, at) : { ...statusOf(input, undefined, activation.at) }),
    ...(live && { link: live.link }),
    ...(state?.hello && { nodeVersion: state.hello.version, hardware: state.hello.hardware }),
    executors: live?.executors ?? [],
  };
}

/** The figures of the list from one measurement. */
export function loadOf({ cpuPercent, memoryUsedBytes, memoryTotalBytes, gpus, executors = [] }: Measurement): NodeLoad {
  // In one pass: it is made of every sample.
  let [measured, percents, vramUsed, vramTotal] = [0, 0, 0, 0];
  for (const { utilisationPercent, memoryUsedBytes: used, memoryTotalBytes: total } of gpus) {
    if (utilisationPercent !== undefined) {
      measured += 1;
      percents += utilisationPercent;
    }
    if (used !== undefined && total !== undefined) {
      vramUsed += used;
      vramTotal += total;
    }
  }
  const tokens = executors.flatMap(({ executorId, tokensPerSecond }) =>
    tokensPerSecond === undefined ? [] : [[executorId, tokensPerSecond] as const],
  );
  return {
    cpuPercent,
    memoryPercent: memoryTotalBytes === 0 ? 0 : (100 * memoryUsedBytes) / memoryTotalBytes,
    ...(measured === 0 ? {} : { gpuPercent: percents / measured }),
    ...(tokens.length === 0 ? {} : { tokensPerSecond: Object.fromEntries(tokens) }),
    ...(vramTotal === 0 ? {} : { vramPercent: (100 * vramUsed) / vramTotal }),
  };
}
