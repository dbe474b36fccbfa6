import { randomUUID } from 'node:crypto';
import { type Decider, type FactMeta, nameKey, type NodeEvent, Refusal } from '@muster/contracts';

/** The meta of one command; the same `commandId` again is the same command. */
export const meta = (commandId: string = randomUUID()): FactMeta => ({
  actor: { kind: 'account', id: 'b0f3c2a4-60a1-4a51-bb3b-0a7a6a1d0c55', name: 'Zoë' },
  commandId,
  correlationId: randomUUID(),
});

const at = '2026-11-23T12:00:00.000Z';

export const registered = (nodeId: string, name = 'gpu-01'): NodeEvent => ({
  type: 'NodeRegistered',
  data: { nodeId, name, host: 'gpu-01.lab', port: 8022, found: 'by-hand', at },
});
export const renamed = (nodeId: string, name: string, from = 'gpu-01'): NodeEvent => ({
  type: 'NodeRenamed',
  data: { nodeId, name, from, at },
});
export const removed = (nodeId: string, name: string): NodeEvent => ({
  type: 'NodeRemoved',
  data: { nodeId, name, at },
});

type Node = { status: 'unknown' } | { status: 'present'; name: string } | { status: 'removed' };
type Command = { type: 'register' | 'rename'; nodeId: string; name: string } | { type: 'remove'; nodeId: string };

/** A node as far as these tests need one: it has a name. */
export const namedNode: Decider<Node, Command, NodeEvent> = {
  initial: { status: 'unknown' },
  evolve(node, event) {
    if (event.type === 'NodeRemoved') return { status: 'removed' };
    return 'name' in event.data ? { status: 'present', name: event.data.name } : node;
  },
  decide(command, node) {
    const { nodeId } = command;
    switch (command.type) {
      case 'register':
        if (node.status !== 'unknown') throw new Refusal('node-already-registered');
        return [registered(nodeId, command.name)];
      case 'rename':
        if (node.status !== 'present') throw new Refusal('node-unknown');
        return node.name === command.name ? [] : [renamed(nodeId, command.name, node.name)];
      case 'remove':
        if (node.status !== 'present') throw new Refusal('node-removed');
        return [removed(nodeId, node.name)];
    }
  },
};

/** Each present node holds its name. */
export function reserveName(event: NodeEvent) {
  const named = (name: string) => [{ kind: 'node-name', key: nameKey(name) }];
  switch (event.type) {
    case 'NodeRegistered':
      return { take: named(event.data.name) };
    case 'NodeRenamed':
      return { take: named(event.data.name), release: named(event.data.from) };
    case 'NodeRemoved':
      return { release: named(event.data.name) };
    default:
      return {};
  }
}
