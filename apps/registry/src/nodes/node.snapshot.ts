import { Fingerprint, Host, NodeName, Port } from '@muster/contracts';
import type { SnapshotOptions } from '@muster/event-store';
import * as z from 'zod/mini';
import type { Node } from './node.decider.js';

/** A node as it is kept between commands: what JSON leaves out of the state is put back. */
const Kept = z.pipe(
  z.discriminatedUnion('status', [
    z.object({ status: z.literal('unknown') }),
    z.object({
      status: z.literal('present'),
      name: NodeName,
      host: Host,
      port: Port,
      activated: z.boolean(),
      fingerprint: z.optional(Fingerprint),
    }),
    z.object({ status: z.literal('removed') }),
  ]),
  z.transform((node): Node => (node.status === 'present' ? { ...node, fingerprint: node.fingerprint } : node)),
);

/** Raise the number whenever `evolve` of the node or the state's shape changes. */
export const nodeSnapshot: SnapshotOptions<Node> = { reducer: 'node-1', schema: Kept };
