import type * as z from 'zod/mini';
import { HistoryGrew } from '../history/history.orders.js';
import { NodeLog } from '../monitor/log-entry.js';
import { MonitorPulse } from '../monitor/node-state.js';
import { NodeSample } from '../monitor/sample.js';
import { HttpReading } from '../registry/http-reading.js';
import { ApiKeyUsed } from '../registry/key-use.js';
import { RouterPulse } from '../router/router-pulse.js';
import { RequestsChanged } from '../stats/stats.orders.js';
import type { ServiceName } from './streams.js';

/** A lane on core NATS: not kept, may be lost, numbered so that a loss shows. `*` in the subject stands for the id. */
export interface LaneSpec {
  readonly subject: string;
  readonly what: string;
  /** Who may tell it. */
  readonly from: readonly ServiceName[];
  readonly schema: z.ZodMiniType;
}

/** The lanes of samples. */
export const lanes = {
  samples: {
    subject: 'muster.sample.node.*.metrics',
    what: 'How hard a node works, once a second',
    from: ['monitor'],
    schema: NodeSample,
  },
  log: {
    subject: 'muster.sample.node.*.log',
    what: 'Entries of the log of a node',
    from: ['monitor'],
    schema: NodeLog,
  },
  pulses: {
    subject: 'muster.sample.monitor.*',
    what: 'That a monitor is there, once a second',
    from: ['monitor'],
    schema: MonitorPulse,
  },
  routers: {
    subject: 'muster.sample.router.*',
    what: 'That a router is there and what it has at hand, once a second',
    from: ['router'],
    schema: RouterPulse,
  },
  history: {
    subject: 'muster.sample.history',
    what: 'An entry that has joined the timeline',
    from: ['registry'],
    schema: HistoryGrew,
  },
  keyUses: {
    subject: 'muster.sample.key.*.used',
    what: 'That an API key was used, once a minute at most',
    from: ['gateway', 'router'],
    schema: ApiKeyUsed,
  },
  httpReadings: {
    subject: 'muster.sample.integration.*.reading',
    what: 'What an integration reads over HTTP at a gateway, once a second while something is open',
    from: ['gateway'],
    schema: HttpReading,
  },
  requests: {
    subject: 'muster.sample.requests',
    what: 'The newest requests as they change',
    from: ['stats'],
    schema: RequestsChanged,
  },
} as const satisfies Record<string, LaneSpec>;

const laneSubject = ({ subject }: LaneSpec, id: string): string => subject.replace('*', id);

export const sampleSubject = (nodeId: string): string => laneSubject(lanes.samples, nodeId);
export const logSubject = (nodeId: string): string => laneSubject(lanes.log, nodeId);
export const pulseSubject = (monitorId: string): string => laneSubject(lanes.pulses, monitorId);
export const routerPulseSubject = (router: string): string => laneSubject(lanes.routers, router);
export const keyUseSubject = (keyId: string): string => laneSubject(lanes.keyUses, keyId);
export const httpReadingSubject = (integrationId: string): string => laneSubject(lanes.httpReadings, integrationId);
