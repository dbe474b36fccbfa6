import { Answer, ChallengeOrRefused, type NodeRefusal, Open } from './handshake.frames.js';
import { accessKeyId, prove, proves, type Transcript } from './proof.js';
import type { SocketWire } from './socket-wire.js';

/** The other end does not hold the key, speaks no common version, or takes nobody right now. */
export class HandshakeRefused extends Error {
  override readonly name = 'HandshakeRefused';

  constructor(readonly reason: NodeRefusal | 'node-proof') {
    super(`The handshake was refused: ${reason}`);
  }
}

const fromText = (text: string): Buffer => Buffer.from(text, 'base64url');
const toText = (bytes: Buffer): string => bytes.toString('base64url');

export interface GatewayHandshake {
  readonly accessKey: string;
  readonly nodeId: string | undefined;
  readonly versions: readonly number[];
  readonly nonce: Buffer;
  readonly exporter: Buffer;
}

/**
 * The Gateway's side. Resolves with the version once the node has proved that it holds the key and the Gateway's own proof
 * is on its way. Throws HandshakeRefused, ProtocolFault or WireClosed. The key itself never leaves the process.
 */
export async function greetNode(wire: SocketWire, own: GatewayHandshake): Promise<number> {
  const { accessKey, nodeId, versions, nonce, exporter } = own;
  wire.send({
    type: 'open',
    versions: [...versions],
    nonce: toText(nonce),
    keyId: accessKeyId(accessKey),
    ...(nodeId === undefined ? {} : { nodeId }),
  });
  const reply = await wire.receive(ChallengeOrRefused);
  if (reply.type === 'refused') throw new HandshakeRefused(reply.reason);
  if (!versions.includes(reply.version)) throw new HandshakeRefused('version');
  const transcript: Transcript = {
    version: reply.version,
    gatewayNonce: nonce,
    nodeNonce: fromText(reply.nonce),
    nodeId,
    exporter,
  };
  if (!proves(fromText(reply.proof), 'node', accessKey, transcript)) throw new HandshakeRefused('node-proof');
  wire.trust();
  wire.send({ type: 'answer', proof: toText(prove('gateway', accessKey, transcript)) });
  return reply.version;
}

export interface NodeHandshake {
  readonly accessKeys: readonly string[];
  readonly versions: readonly number[];
  readonly nonce: Buffer;
  readonly exporter: Buffer;
  /** Whether the peer may try at all; told whether the key it names is one of ours. */
  readonly admits: (keyKnown: boolean) => NodeRefusal | undefined;
  /** Told of each try with a key that is not ours, or a proof that does not hold. */
  readonly failed: (keyKnown: boolean) => void;
}

export interface Admitted {
  readonly version: number;
  readonly keyId: string;
  readonly nodeId: string | undefined;
}

/** The node's side. Resolves once the Gateway has proved that it holds one of the keys. Throws as `greetNode` does. */
export async function admitGateway(wire: SocketWire, own: NodeHandshake): Promise<Admitted> {
  const refuse = (reason: NodeRefusal): never => {
    wire.send({ type: 'refused', reason });
    throw new HandshakeRefused(reason);
  };
  const open = await wire.receive(Open);
  const accessKey = own.accessKeys.find((key) => accessKeyId(key) === open.keyId);
  const refusal = own.admits(accessKey !== undefined);
  if (refusal !== undefined) return refuse(refusal);
  const version = own.versions.find((candidate) => open.versions.includes(candidate));
  if (version === undefined) return refuse('version');
  if (accessKey === undefined) {
    own.failed(false);
    return refuse('key');
  }
  const transcript: Transcript = {
    version,
    gatewayNonce: fromText(open.nonce),
    nodeNonce: own.nonce,
    nodeId: open.nodeId,
    exporter: own.exporter,
  };
  wire.send({
    type: 'challenge',
    version,
    nonce: toText(own.nonce),
    proof: toText(prove('node', accessKey, transcript)),
  });
  const answer = await wire.receive(Answer);
  if (!proves(fromText(answer.proof), 'gateway', accessKey, transcript)) {
    own.failed(true);
    return refuse('key');
  }
  wire.trust();
  return { version, keyId: open.keyId, nodeId: open.nodeId };
}
