import { type Certificate, type Decider, type NodeEvent, Refusal, addressKey } from '@muster/contracts';

/** What the registry must remember of a node in order to decide. */
export type Node =
  | { readonly status: 'unknown' }
  | {
      readonly status: 'present';
      readonly name: string;
      readonly host: string;
      readonly port: number;
      readonly activated: boolean;
      /** Of the certificate pinned; absent only between two events of one append. */
      readonly fingerprint: string | undefined;
    }
  | { readonly status: 'removed' };

interface At {
  readonly nodeId: string;
  readonly at: string;
}
interface Address {
  readonly host: string;
  readonly port: number;
}

export type NodeCommand =
  | (At & Address & { type: 'register'; name: string; certificate: Certificate; found: 'by-hand' | 'on-this-machine' })
  | (At & { type: 'change'; name?: string | undefined; address?: (Address & { certificate: Certificate }) | undefined })
  | (At & { type: 'activate' })
  | (At & { type: 'deactivate' })
  | (At & { type: 'pin'; certificate: Certificate })
  | (At & { type: 'remove' });

const sameAddress = (one: Address, other: Address) =>
  addressKey(one.host, one.port) === addressKey(other.host, other.port);

/** The certificates given were read from the node and compared with what the person saw: a decider looks at nothing. */
export const nodeDecider: Decider<Node, NodeCommand, NodeEvent> = {
  initial: { status: 'unknown' },

  evolve(node, event) {
    if (event.type === 'NodeRegistered') {
      const { name, host, port } = event.data;
      return { status: 'present', name, host, port, activated: false, fingerprint: undefined };
    }
    if (node.status !== 'present') return node;
    switch (event.type) {
      case 'NodeRenamed':
        return { ...node, name: event.data.name };
      case 'NodeReaddressed':
        return { ...node, host: event.data.host, port: event.data.port };
      case 'NodeActivated':
        return { ...node, activated: true };
      case 'NodeDeactivated':
        return { ...node, activated: false };
      case 'NodeCertificatePinned':
        return { ...node, fingerprint: event.data.certificate.fingerprint };
      case 'NodeRemoved':
        return { status: 'removed' };
    }
  },

  decide(command, node) {
    if (node.status === 'removed') {
      if (command.type === 'remove') return [];
      throw new Refusal('node-removed');
    }
    if (node.status === 'unknown') {
      if (command.type === 'register') return registered(command);
      throw new Refusal('node-unknown');
    }
    const { nodeId, at } = command;
    switch (command.type) {
      case 'register':
        if (node.name === command.name && sameAddress(node, command) && isPinned(node, command.certificate)) return [];
        throw new Refusal('node-already-registered');
      case 'change':
        return [...renamed(command, node), ...readdressed(command, node)];
      case 'activate':
        return node.activated ? [] : [{ type: 'NodeActivated', data: { nodeId, at } }];
      case 'deactivate':
        return node.activated ? [{ type: 'NodeDeactivated', data: { nodeId, at } }] : [];
      case 'pin':
        return pinned(command, command.certificate, node.fingerprint);
      case 'remove':
        return [{ type: 'NodeRemoved', data: { nodeId, name: node.name, at } }];
    }
  },
};

type Present = Extract<Node, { status: 'present' }>;
type Command<Type extends NodeCommand['type']> = Extract<NodeCommand, { type: Type }>;

const isPinned = (node: Present, certificate: Certificate) => node.fingerprint === certificate.fingerprint;

const registered = ({ nodeId, name, host, port, found, certificate, at }: Command<'register'>): NodeEvent[] => [
  { type: 'NodeRegistered', data: { nodeId, name, host, port, found, at } },
  ...pinned({ nodeId, at }, certificate, undefined),
  { type: 'NodeActivated', data: { nodeId, at } },
];

const renamed = ({ nodeId, name, at }: Command<'change'>, node: Present): NodeEvent[] =>
  name === undefined || name === node.name
    ? []
    : [{ type: 'NodeRenamed', data: { nodeId, name, from: node.name, at } }];

function readdressed({ nodeId, address, at }: Command<'change'>, node: Present): NodeEvent[] {
  if (address === undefined) return [];
  const { host, port, certificate } = address;
  const from = { host: node.host, port: node.port };
  return [
    ...(host === from.host && port === from.port
      ? []
      : [{ type: 'NodeReaddressed' as const, data: { nodeId, host, port, from, at } }]),
    ...pinned({ nodeId, at }, certificate, node.fingerprint),
  ];
}

const pinned = ({ nodeId, at }: At, certificate: Certificate, from: string | undefined): NodeEvent[] =>
  certificate.fingerprint === from
    ? []
    : [{ type: 'NodeCertificatePinned', data: { nodeId, certificate, ...(from === undefined ? {} : { from }), at } }];
