import * as z from 'zod/mini';
import { Host, Port } from '../address.js';
import { orderTo } from '../order.js';
import { NodeName } from '../text.js';
import { Fingerprint, NodeId } from './node.events.js';

const expectedVersion = z.optional(z.number().check(z.int(), z.gte(1)));

/** The answer to every order that changes an aggregate: the version it has now. */
export const Changed = z.object({ version: z.number() });
const changes = { reply: Changed, allowed: 'nodes:manage' } as const;
/** Orders that look at the node before they decide wait for that. */
const verifiedFirst = { ...changes, deadlineMs: 15_000 } as const;

/** Verifies the address, compares its certificate with the one the person saw, registers, pins and activates. */
export const RegisterNode = orderTo('registry', 'register-node', {
  ...verifiedFirst,
  request: z.object({
    nodeId: NodeId,
    name: NodeName,
    host: Host,
    port: Port,
    fingerprint: Fingerprint,
    found: z._default(z.enum(['by-hand', 'on-this-machine']), 'by-hand'),
  }),
});

/** Changes name, address or both. A new address is verified; `fingerprint` accepts the certificate shown there. */
export const ChangeNode = orderTo('registry', 'change-node', {
  ...verifiedFirst,
  request: z.object({
    nodeId: NodeId,
    name: z.optional(NodeName),
    address: z.optional(z.object({ host: Host, port: Port, fingerprint: Fingerprint })),
    expectedVersion,
  }),
});

export const ActivateNode = orderTo('registry', 'activate-node', {
  ...changes,
  request: z.object({ nodeId: NodeId, expectedVersion }),
});
export const DeactivateNode = orderTo('registry', 'deactivate-node', {
  ...changes,
  request: z.object({ nodeId: NodeId, expectedVersion }),
});

/** Accepts the certificate that the node shows now, if it is the one with this fingerprint. */
export const PinCertificate = orderTo('registry', 'pin-certificate', {
  ...verifiedFirst,
  request: z.object({ nodeId: NodeId, fingerprint: Fingerprint, expectedVersion }),
});

export const RemoveNode = orderTo('registry', 'remove-node', {
  ...changes,
  request: z.object({ nodeId: NodeId, expectedVersion }),
});

export const nodeOrders = { RegisterNode, ChangeNode, ActivateNode, DeactivateNode, PinCertificate, RemoveNode };
