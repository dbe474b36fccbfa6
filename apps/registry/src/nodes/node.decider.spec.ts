import type { NodeEvent } from '@muster/contracts';
import { givenOf } from '@muster/testing';
import * as fc from 'fast-check';
import { type NodeCommand, nodeDecider } from './node.decider.js';
import { nodeReservations } from './node.reservations.js';

const given = givenOf(nodeDecider);

const nodeId = '7d8cf3ad-6f2f-4b6a-9a5e-2f8f1f6f3c11';
const at = '2026-11-23T12:00:00.000Z';
const certificateOf = (byte: string) => ({ fingerprint: Array.from({ length: 32 }, () => byte).join(':'), pem: 'pem' });
const first = certificateOf('A0');
const second = certificateOf('B1');
const address = { host: 'gpu-04.lab', port: 8022 };

const register: NodeCommand = {
  type: 'register',
  nodeId,
  name: 'brisk-otter',
  ...address,
  certificate: first,
  found: 'by-hand',
  at,
};
const registered: NodeEvent = {
  type: 'NodeRegistered',
  data: { nodeId, name: 'brisk-otter', ...address, found: 'by-hand', at },
};
const pinned: NodeEvent = { type: 'NodeCertificatePinned', data: { nodeId, certificate: first, at } };
const repinned: NodeEvent = {
  type: 'NodeCertificatePinned',
  data: { nodeId, certificate: second, from: first.fingerprint, at },
};
const activated: NodeEvent = { type: 'NodeActivated', data: { nodeId, at } };
const deactivated: NodeEvent = { type: 'NodeDeactivated', data: { nodeId, at } };
const removed: NodeEvent = { type: 'NodeRemoved', data: { nodeId, name: 'brisk-otter', at } };
const present = [registered, pinned, activated];

describe('registering a node', () => {
  it('registers, pins and activates at once', () => given().when(register).then(registered, pinned, activated));
  it('says nothing twice', () =>
    given(...present)
      .when(register)
      .then());
  it('takes the same address in other letters for the same', () =>
    given(...present)
      .when({ ...register, host: 'GPU-04.lab.' })
      .then());
  it('refuses another node under the same id', () =>
    given(...present)
      .when({ ...register, name: 'calm-heron' })
      .thenRefused('node-already-registered'));
  it('never brings a removed id back', () =>
    given(...present, removed)
      .when(register)
      .thenRefused('node-removed'));
});

describe('changing a node', () => {
  const change = { type: 'change' as const, nodeId, at };
  it('renames, and keeps the name before', () =>
    given(...present)
      .when({ ...change, name: 'calm-heron' })
      .then({ type: 'NodeRenamed', data: { nodeId, name: 'calm-heron', from: 'brisk-otter', at } }));
  it('renames when the letter case alone differs', () =>
    given(...present)
      .when({ ...change, name: 'Brisk-Otter' })
      .then({ type: 'NodeRenamed', data: { nodeId, name: 'Brisk-Otter', from: 'brisk-otter', at } }));
  it('moves to another address and pins the certificate that was shown there', () =>
    given(...present)
      .when({ ...change, address: { host: '10.0.4.17', port: 9000, certificate: second } })
      .then({ type: 'NodeReaddressed', data: { nodeId, host: '10.0.4.17', port: 9000, from: address, at } }, repinned));
  it('keeps the certificate when the same machine moved', () =>
    given(...present)
      .when({ ...change, address: { ...address, port: 9000, certificate: first } })
      .then({ type: 'NodeReaddressed', data: { nodeId, ...address, port: 9000, from: address, at } }));
  it('says nothing when nothing is new', () =>
    given(...present)
      .when({ ...change, name: 'brisk-otter', address: { ...address, certificate: first } })
      .then());
});

describe('activating and deactivating', () => {
  it('deactivates an activated node', () =>
    given(...present)
      .when({ type: 'deactivate', nodeId, at })
      .then(deactivated));
  it('activates a deactivated one', () =>
    given(...present, deactivated)
      .when({ type: 'activate', nodeId, at })
      .then(activated));
  it('says nothing twice', () => {
    given(...present)
      .when({ type: 'activate', nodeId, at })
      .then();
    given(...present, deactivated)
      .when({ type: 'deactivate', nodeId, at })
      .then();
  });
});

describe('pinning a certificate', () => {
  it('replaces the one before and names it', () =>
    given(...present)
      .when({ type: 'pin', nodeId, certificate: second, at })
      .then(repinned));
  it('says nothing about the one that is pinned', () =>
    given(...present)
      .when({ type: 'pin', nodeId, certificate: first, at })
      .then());
});

describe('removing a node', () => {
  it('keeps the name it had', () =>
    given(...present)
      .when({ type: 'remove', nodeId, at })
      .then(removed));
  it('says nothing twice', () =>
    given(...present, removed)
      .when({ type: 'remove', nodeId, at })
      .then());
});

describe.each<NodeCommand>([
  { type: 'change', nodeId, name: 'calm-heron', at },
  { type: 'activate', nodeId, at },
  { type: 'deactivate', nodeId, at },
  { type: 'pin', nodeId, certificate: second, at },
])('the order to $type', (command) => {
  it('is refused for a node that never was', () => given().when(command).thenRefused('node-unknown'));
  it('is refused for a node that was removed', () =>
    given(...present, removed)
      .when(command)
      .thenRefused('node-removed'));
});

it('refuses to remove a node that never was', () =>
  given().when({ type: 'remove', nodeId, at }).thenRefused('node-unknown'));

describe('any sequence of orders to several nodes', () => {
  const nodeIds = [nodeId, 'a2f6a0a4-3c0b-4f5e-9df4-1b1f0a0e6d22', 'c0c1b7f8-8a5c-4a55-8a3e-5a0f0d1c9e33'];
  const certificate = fc.constantFrom(certificateOf('A0'), certificateOf('B1'), certificateOf('C2'));
  const name = fc.constantFrom('otter', 'Otter', 'heron', 'ﬁnch', 'finch');
  const host = fc.constantFrom('one.lab', 'ONE.lab.', 'two.lab');
  const port = fc.constantFrom(8022, 8023);
  const at_ = fc.constant(at);
  const id = fc.constantFrom(...nodeIds);
  const command: fc.Arbitrary<NodeCommand> = fc.oneof(
    fc.record({
      type: fc.constant('register' as const),
      nodeId: id,
      name,
      host,
      port,
      certificate,
      found: fc.constant('by-hand' as const),
      at: at_,
    }),
    fc.record({
      type: fc.constant('change' as const),
      nodeId: id,
      name: fc.option(name, { nil: undefined }),
      address: fc.option(fc.record({ host, port, certificate }), { nil: undefined }),
      at: at_,
    }),
    fc.record({ type: fc.constantFrom('activate' as const, 'deactivate', 'remove'), nodeId: id, at: at_ }),
    fc.record({ type: fc.constant('pin' as const), nodeId: id, certificate, at: at_ }),
  );

  /** What the store does with one order: decide, then take and release, all or none. */
  function obey(world: World, order: NodeCommand): void {
    const before = world.nodes.get(order.nodeId) ?? nodeDecider.initial;
    const held = new Set(world.held);
    let node = before;
    try {
      for (const event of nodeDecider.decide(order, before)) {
        const { take, release } = nodeReservations(event, node);
        for (const { kind, key } of release) held.delete(`${kind} ${key}`);
        for (const { kind, key } of take) {
          if (held.has(`${kind} ${key}`)) return;
          held.add(`${kind} ${key}`);
        }
        node = nodeDecider.evolve(node, event);
      }
    } catch {
      return;
    }
    world.nodes.set(order.nodeId, node);
    world.held = held;
  }
  interface World {
    nodes: Map<string, ReturnType<typeof nodeDecider.evolve>>;
    held: Set<string>;
  }

  it('never leaves two present nodes with one name, address or certificate, and holds nothing for a removed one', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (orders) => {
        const world: World = { nodes: new Map(), held: new Set() };
        for (const order of orders) obey(world, order);
        const there = [...world.nodes.values()].filter((node) => node.status === 'present');
        const count = (keys: (string | undefined)[]) => new Set(keys).size;
        expect(count(there.map((node) => node.name.normalize('NFKC').toLowerCase()))).toBe(there.length);
        expect(count(there.map((node) => `${node.host.toLowerCase().replace(/\.$/, '')} ${node.port}`))).toBe(
          there.length,
        );
        expect(count(there.map((node) => node.fingerprint))).toBe(there.length);
        expect(there.every((node) => node.fingerprint !== undefined)).toBe(true);
        expect(world.held.size).toBe(3 * there.length);
      }),
    );
  });

  it('says nothing new when the last order is given again', () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 20 }), (orders) => {
        const world: World = { nodes: new Map(), held: new Set() };
        const mine = orders.map((order) => ({ ...order, nodeId }));
        for (const order of mine) obey(world, order);
        const after = world.nodes.get(nodeId);
        obey(world, mine.at(-1) as NodeCommand);
        expect(world.nodes.get(nodeId)).toEqual(after);
      }),
    );
  });
});
