import * as z from 'zod/mini';
import { Host, Port } from '../address.js';
import { NodeName } from '../text.js';

export const NodeId = z.uuid('The node id must be a UUID');

/** SHA-256 over the certificate's DER form, as 32 upper-case hex pairs with colons (as OpenSSL shows it). */
export const Fingerprint = z
  .string('The fingerprint must be text')
  .check(z.regex(/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/, 'The fingerprint must be 32 hex pairs with colons between'));

/** A node's own certificate: public, so it may stand in a fact. Pinned: no other is accepted on the link. */
export const Certificate = z.object({
  fingerprint: Fingerprint,
  pem: z.string().check(z.maxLength(8192, 'The certificate is longer than 8192 characters')),
});
export type Certificate = z.infer<typeof Certificate>;

const at = z.iso.datetime();
const fact = <Type extends string, Data extends z.core.$ZodLooseShape>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), data: z.object({ nodeId: NodeId, ...data, at }) });

/** A node was added to the fleet. It is not linked before it is activated. */
export const NodeRegistered = fact('NodeRegistered', {
  name: NodeName,
  host: Host,
  port: Port,
  /** Added by a person in the wizard, or found on the Gateway's own machine. */
  found: z.enum(['by-hand', 'on-this-machine']),
});
/** A node has another name. */
export const NodeRenamed = fact('NodeRenamed', { name: NodeName, from: NodeName });
/** The same node is found at another address. */
export const NodeReaddressed = fact('NodeReaddressed', {
  host: Host,
  port: Port,
  from: z.object({ host: Host, port: Port }),
});
/** The Gateway links to the node from now on. */
export const NodeActivated = fact('NodeActivated', {});
/** The Gateway ends the link and keeps the node. */
export const NodeDeactivated = fact('NodeDeactivated', {});
/** This certificate is accepted on the link from now on, and no other. */
export const NodeCertificatePinned = fact('NodeCertificatePinned', {
  certificate: Certificate,
  /** The fingerprint it replaces; absent the first time. */
  from: z.optional(Fingerprint),
});
/** A node was taken out of the fleet. Its id never comes back. */
export const NodeRemoved = fact('NodeRemoved', { name: NodeName });

/** What is decided about nodes. Stream `node-<nodeId>`, on the bus in FLEET. */
export const NodeEvent = z.discriminatedUnion('type', [
  NodeRegistered,
  NodeRenamed,
  NodeReaddressed,
  NodeActivated,
  NodeDeactivated,
  NodeCertificatePinned,
  NodeRemoved,
]);
export type NodeEvent = z.infer<typeof NodeEvent>;
