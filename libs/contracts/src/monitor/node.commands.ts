import * as z from 'zod/mini';
import { commandToNode } from '../order.js';
import { LogEntry } from './log-entry.js';
import { NodeSample } from './sample.js';

/** The samples of the last five minutes, oldest first, as whoever opens the node's page needs them. */
export const ReadSamples = commandToNode('read-samples', {
  request: z.object({}),
  reply: z.object({ samples: z.array(NodeSample).check(z.maxLength(600)) }),
  allowed: 'fleet:view',
});

/**
 * Entries of the log, oldest first: the last `limit` of those before `before` (all, when absent). Pages are cut so that a
 * reply stays under 512 KiB; `more` tells that older ones are there.
 */
export const ReadLog = commandToNode('read-log', {
  request: z.object({
    before: z.optional(z.number().check(z.int())),
    limit: z._default(z.number().check(z.int(), z.gte(1), z.lte(10_000)), 1_000),
  }),
  reply: z.object({ epoch: z.uuid(), entries: z.array(LogEntry), more: z.boolean() }),
  allowed: 'fleet:view',
});

export const nodeCommands = { ReadSamples, ReadLog };
