import * as z from 'zod/mini';
import { Host, Port } from '../address.js';
import { orderTo } from '../order.js';
import { Certificate, NodeId } from '../registry/node.events.js';
import { Hardware } from './hardware.js';
import { LinkCause } from './link.js';

/** The stages of verification, in order. The first that fails ends it. */
export const verifyStages = ['name', 'port', 'encrypted', 'key', 'hardware', 'unregistered'] as const;
export const VerifyStage = z.enum(verifyStages);
export type VerifyStage = z.infer<typeof VerifyStage>;

/** What each stage is called while it runs. */
export const stageTitles: Record<VerifyStage, string> = {
  name: 'Name',
  port: 'Port',
  encrypted: 'Encryption and certificate',
  key: 'Access key',
  hardware: 'Version and hardware',
  unregistered: 'Not registered already',
};

/** One stage as it ends, or the end of all. Errors are told by stage and class, never in words of what answered. */
export const VerifyStep = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('passed'),
    stage: VerifyStage,
    tookMs: z.number(),
    /** For a person: "Found gpu-04.lab", "Port 8022 answers". */
    words: z.string(),
    /** For a person, small beside it: the address, the fingerprint, the hardware in short. */
    detail: z.optional(z.string()),
  }),
  z.object({
    outcome: z.literal('failed'),
    stage: VerifyStage,
    tookMs: z.number(),
    cause: z.union([LinkCause, z.literal('already-registered')]),
    words: z.string(),
    /** What it means and what to do. */
    remedy: z.string(),
  }),
  z.object({
    outcome: z.literal('verified'),
    certificate: Certificate,
    version: z.string(),
    hardware: Hardware,
    /** The node's own name for itself, a suggestion for the wizard. */
    suggestedName: z.optional(z.string()),
  }),
]);
export type VerifyStep = z.infer<typeof VerifyStep>;

/** Looks at an address stage by stage, as the link itself would. Throttled to 10 a minute and caller; dials only what docs/health.md allows. */
export const VerifyNode = orderTo('monitor', 'verify-node', {
  request: z.object({
    host: Host,
    port: Port,
    /** When a registered node is looked at again: being registered as this one is no failure. */
    nodeId: z.optional(NodeId),
  }),
  reply: VerifyStep,
  allowed: 'nodes:manage',
  deadlineMs: 12_000,
  answers: 'stream',
});
