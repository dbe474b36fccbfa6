import { computed, inject, type Signal } from '@angular/core';
import { MetricsSnapshot, type NodeSample, type Numbered } from '@muster/contracts';
import { Connection, type Room } from '../live/connection.js';
import type { Remote } from '../live/remote.js';
import { merge } from './samples.js';

type Samples = readonly NodeSample[];

const samplesOf = (message: unknown): NodeSample[] | undefined => MetricsSnapshot.safeParse(message).data?.samples;

const metricsRoom = (nodeId: string): Room<Samples, Numbered & { samples: NodeSample[] }> => ({
  kind: 'metrics',
  nodeId,
  changes: 'metrics:change',
  onlyWhileVisible: true,
  join: (socket, timeoutMs) => socket.timeout(timeoutMs).emitWithAck('metrics:join', { nodeId }),
  leave: (socket) => socket.emit('metrics:leave', { nodeId }),
  snapshotOf(joined) {
    const samples = samplesOf(joined);
    return samples && merge([], samples);
  },
  changeOf(message) {
    const change = message as Numbered & { nodeId: string };
    const samples = change.nodeId === nodeId ? samplesOf(message) : undefined;
    return samples && { epoch: change.epoch, seq: change.seq, samples };
  },
  reduce: (samples, change) => merge(samples, change.samples),
});

/** The samples of the last five minutes of one node, live. Call it where things are injected. */
export const followMetrics = (nodeId: Signal<string>): Signal<Remote<Samples>> =>
  inject(Connection).follow(computed(() => metricsRoom(nodeId())));
