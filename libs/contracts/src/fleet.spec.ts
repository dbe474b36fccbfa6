import type { Fact } from './fact.js';
import { Fleet } from './fleet.js';
import type { NodeEvent } from './registry/node.events.js';

const nodeId = '7d8cf3ad-6f2f-4b6a-9a5e-2f8f1f6f3c11';
const at = '2026-11-23T12:00:00.000Z';
const pem = '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----';
const fingerprint = Array.from({ length: 32 }, () => 'A0').join(':');

const recorded = (position: number, event: NodeEvent): Fact<NodeEvent> => ({
  ...event,
  id: `00000000-0000-4000-8000-${String(position).padStart(12, '0')}`,
  stream: `node-${nodeId}`,
  version: position,
  position,
  at,
  meta: { actor: { kind: 'account', id: '1', name: 'ada' }, commandId: nodeId, correlationId: nodeId },
});

const life: NodeEvent[] = [
  { type: 'NodeRegistered', data: { nodeId, name: 'otter', host: '10.0.4.17', port: 8022, found: 'by-hand', at } },
  { type: 'NodeCertificatePinned', data: { nodeId, certificate: { fingerprint, pem }, at } },
  { type: 'NodeActivated', data: { nodeId, at } },
  { type: 'NodeRenamed', data: { nodeId, name: 'brisk-otter', from: 'otter', at } },
  {
    type: 'NodeReaddressed',
    data: { nodeId, host: 'gpu-04.lab', port: 8023, from: { host: '10.0.4.17', port: 8022 }, at },
  },
];

const fleetAfter = (events: readonly NodeEvent[]): Fleet => {
  const fleet = new Fleet();
  events.forEach((event, index) => fleet.apply(recorded(index + 1, event)));
  return fleet;
};

describe('the fleet', () => {
  it('holds each present node as its facts left it', () =>
    expect(fleetAfter(life).nodes.get(nodeId)).toEqual({
      nodeId,
      name: 'brisk-otter',
      host: 'gpu-04.lab',
      port: 8023,
      activated: true,
      activation: { at, by: 'ada' },
      certificate: { fingerprint, pem, pinnedAt: at },
      registeredAt: at,
      version: 5,
    }));

  it('forgets a node that was removed', () =>
    expect(fleetAfter([...life, { type: 'NodeRemoved', data: { nodeId, name: 'brisk-otter', at } }]).nodes.size).toBe(
      0,
    ));

  it('keeps a deactivated node and says who did it', () =>
    expect(fleetAfter([...life, { type: 'NodeDeactivated', data: { nodeId, at } }]).nodes.get(nodeId)).toMatchObject({
      activated: false,
      activation: { at, by: 'ada' },
    }));

  it('takes a fact once, however often it is delivered', () => {
    const fleet = fleetAfter(life);
    expect(fleet.apply(recorded(4, { type: 'NodeRenamed', data: { nodeId, name: 'again', from: 'x', at } }))).toBe(
      false,
    );
    expect(fleet.nodes.get(nodeId)?.name).toBe('brisk-otter');
    expect(fleet.position).toBe(5);
  });
});
