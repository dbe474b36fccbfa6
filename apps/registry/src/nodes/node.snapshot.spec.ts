import type { NodeEvent } from '@muster/contracts';
import { fold } from '@muster/contracts';
import { nodeDecider } from './node.decider.js';
import { nodeSnapshot } from './node.snapshot.js';

const at = '2026-11-23T12:00:00.000Z';
const nodeId = '6c1b8a52-7d0e-4f7a-9b51-2f0f5c1d8e11';
const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':');
const registered: NodeEvent = {
  type: 'NodeRegistered',
  data: { nodeId, name: 'gpu-01', host: 'gpu-01.lab', port: 8022, found: 'by-hand', at },
};
const pinned: NodeEvent = {
  type: 'NodeCertificatePinned',
  data: { nodeId, certificate: { fingerprint, pem: 'x' }, at },
};
const removed: NodeEvent = { type: 'NodeRemoved', data: { nodeId, name: 'gpu-01', at } };

describe('a node kept between commands', () => {
  it.each<[string, NodeEvent[]]>([
    ['unknown', []],
    ['registered', [registered]],
    ['pinned', [registered, pinned]],
    ['removed', [registered, pinned, removed]],
  ])('is the same when it is read again: %s', (_name, events) => {
    const node = fold(nodeDecider, events);
    expect(nodeSnapshot.schema.parse(JSON.parse(JSON.stringify(node)))).toEqual(node);
  });

  it('is not read when it is something else', () => {
    expect(nodeSnapshot.schema.safeParse({ status: 'present', name: 'gpu-01' }).success).toBe(false);
  });
});
