import type { FleetNode } from '../fleet.js';
import type { NodeState } from '../monitor/node-state.js';
import { loadOf, viewOf } from './views.js';

const nodeId = '7d8cf3ad-6f2f-4b6a-9a5e-2f8f1f6f3c11';
const at = '2026-11-23T12:00:00.000Z';
const now = '2026-11-23T12:10:00.000Z';
const node: FleetNode = {
  nodeId,
  name: 'brisk-otter',
  host: '10.0.4.17',
  port: 8022,
  activated: true,
  activation: { at, by: 'ada' },
  certificate: undefined,
  registeredAt: at,
  version: 3,
};
const hardware = {
  hostname: 'gpu-04',
  platform: 'linux',
  cpu: { model: 'AMD EPYC 9354', cores: 32 },
  memoryTotalBytes: 2 ** 38,
  gpus: [],
};
const state: NodeState = {
  nodeId,
  monitorId: 'm1',
  token: 1,
  status: { colour: 'green', reason: 'healthy', words: 'Healthy', clears: '', since: at },
  link: { phase: 'up', since: at, frames: 'in-time' },
  hello: { version: '0.1.0', run: nodeId, hardware },
  executors: [],
};

describe('the view of a node', () => {
  it('shows what was decided beside what is observed', () =>
    expect(viewOf(node, state, true, undefined, now)).toMatchObject({
      name: 'brisk-otter',
      activated: true,
      status: { colour: 'green', since: at },
      nodeVersion: '0.1.0',
      hardware,
    }));

  it('is never green while its monitor can not be heard, and keeps since from the view before', () => {
    const first = viewOf(node, state, false, undefined, at);
    expect(first.status).toMatchObject({ colour: 'amber', reason: 'unwatched', since: at });
    expect(viewOf(node, state, false, first, now).status.since).toBe(at);
    expect(first.hardware).toEqual(hardware);
  });

  it('is grey from the moment of the deactivation, even before the monitor has followed', () =>
    expect(
      viewOf({ ...node, activated: false, activation: { at: now, by: 'ada' } }, state, true, undefined, now).status,
    ).toMatchObject({
      colour: 'grey',
      since: now,
    }));
});

describe('the load of a node', () => {
  it('sums up the processors that tell and leaves out what none tells', () => {
    const load = loadOf({
      cpuPercent: 12.5,
      memoryUsedBytes: 1,
      memoryTotalBytes: 4,
      gpus: [
        { index: 0, utilisationPercent: 40, memoryUsedBytes: 30, memoryTotalBytes: 40 },
        { index: 1, utilisationPercent: 60 },
        { index: 2 },
      ],
    });
    expect(load).toEqual({ cpuPercent: 12.5, memoryPercent: 25, gpuPercent: 50, vramPercent: 75 });
    expect(loadOf({ cpuPercent: 0, memoryUsedBytes: 0, memoryTotalBytes: 4, gpus: [] })).toEqual({
      cpuPercent: 0,
      memoryPercent: 0,
    });
  });
});
