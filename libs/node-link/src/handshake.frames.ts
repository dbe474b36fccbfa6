import { AccessKeyId, NodeId } from '@muster/contracts';
import * as z from 'zod/mini';

/** 32 bytes as base64url without padding. The last character carries 4 bits, so the other 12 forms of it are refused. */
const bytes32 = z.string().check(z.regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/));
const version = z.number().check(z.int(), z.gte(1), z.lte(0xffff_ffff));

/** The Gateway begins: what it speaks, its challenge, and which key it means. */
export const Open = z.object({
  type: z.literal('open'),
  versions: z.array(version).check(z.minLength(1), z.maxLength(16)),
  nonce: bytes32,
  keyId: AccessKeyId,
  nodeId: z.optional(NodeId),
});
export type Open = z.infer<typeof Open>;

/** The node proves that it holds the key and challenges in turn. */
export const Challenge = z.object({ type: z.literal('challenge'), version, nonce: bytes32, proof: bytes32 });

/** The Gateway proves that it holds the key. The node's hello is the answer. */
export const Answer = z.object({ type: z.literal('answer'), proof: bytes32 });

export const refusalsOfNode = ['version', 'key', 'too-many-tries', 'too-many-links'] as const;
export type NodeRefusal = (typeof refusalsOfNode)[number];

/** The node says no and closes. A wrong key and an unknown one are told alike. */
export const Refused = z.object({ type: z.literal('refused'), reason: z.enum(refusalsOfNode) });

export const ChallengeOrRefused = z.discriminatedUnion('type', [Challenge, Refused]);

/** Everything that is said before a link is made. */
export type HandshakeFrame = Open | z.infer<typeof Challenge> | z.infer<typeof Answer> | z.infer<typeof Refused>;
