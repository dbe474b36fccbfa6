import type * as z from 'zod/mini';
import { NodeModels } from '../monitor/node-models.js';
import { NodeState } from '../monitor/node-state.js';
import { SettingsState } from '../registry/settings.state.js';
import { Figures } from '../stats/figures.js';
import { GatewayStart } from '../stats/gateway-start.js';
import type { ServiceName } from './streams.js';

/** A bucket of what is so at this moment: who writes it, what its keys are, and the schema of its values. */
export interface BucketSpec {
  readonly name: string;
  readonly what: string;
  /** What stands for a key in the address `$KV.<bucket>.<key>`: `nodeId` for one value a node, or the one key there is. */
  readonly key: 'nodeId' | 'gateway';
  readonly from: ServiceName;
  readonly schema: z.ZodMiniType;
}

/** The buckets of what is so at this moment. */
export const buckets = {
  NODES: { name: 'NODES', what: 'One value a node, by its id', key: 'nodeId', from: 'monitor', schema: NodeState },
  MODELS: {
    name: 'MODELS',
    what: 'The models of each node, by its id',
    key: 'nodeId',
    from: 'monitor',
    schema: NodeModels,
  },
  SETTINGS: {
    name: 'SETTINGS',
    what: 'The settings in force',
    key: 'gateway',
    from: 'registry',
    schema: SettingsState,
  },
  GATEWAY: { name: 'GATEWAY', what: 'This life of the Gateway', key: 'gateway', from: 'gateway', schema: GatewayStart },
  FIGURES: { name: 'FIGURES', what: 'What was served, in figures', key: 'gateway', from: 'stats', schema: Figures },
} as const satisfies Record<string, BucketSpec>;

export type BucketName = keyof typeof buckets;
