import * as z from 'zod/mini';

export const logLevels = ['debug', 'info', 'warning', 'error', 'critical'] as const;
export const LogLevel = z.enum(logLevels);
export type LogLevel = z.infer<typeof LogLevel>;

/** A line longer than this is cut, and says by how much. UTF-8 bytes. */
export const LOG_LINE_MAX_BYTES = 8 * 1024;

/** One line as the node wrote it. Numbered like samples: `seq` from 1 within a `run`, without holes. */
export const LogLine = z.object({
  seq: z.number().check(z.int(), z.gte(1)),
  /** The node's own clock: for reading, never for ordering. */
  at: z.iso.datetime(),
  level: LogLevel,
  /** The part of the node that speaks, as `node`, `link`, `executor`. */
  source: z.string().check(z.maxLength(64)),
  message: z.string().check(z.maxLength(LOG_LINE_MAX_BYTES)),
  /** Bytes cut off the end, when the line was longer than 8 KiB. */
  cutBytes: z.optional(z.number().check(z.int(), z.gte(1))),
  /** Of a line about one executor: which, and which run of it, so that a run's lines can be read together. */
  executorId: z.optional(z.string().check(z.maxLength(128))),
  executorRun: z.optional(z.uuid()),
});
export type LogLine = z.infer<typeof LogLine>;

/**
 * One entry of a node's log as Muster keeps it: a line of the node, a remark of the Gateway about it, or the place where
 * lines were lost. `n` is the monitor's numbering of entries: without holes while `epoch` of the message stays the same.
 */
export const LogEntry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('line'), n: z.number(), run: z.uuid(), line: LogLine }),
  z.object({ kind: z.literal('remark'), n: z.number(), at: z.iso.datetime(), level: LogLevel, message: z.string() }),
  z.object({
    kind: z.literal('gap'),
    n: z.number(),
    at: z.iso.datetime(),
    /** How many lines were lost, when it is known. */
    lost: z.optional(z.number()),
    /** Where they were lost: on the node (its buffer was full), on the way, or with the node's earlier life. */
    where: z.enum(['node', 'link', 'monitor', 'gateway', 'console']),
  }),
]);
export type LogEntry = z.infer<typeof LogEntry>;

/** What `muster.sample.node.<nodeId>.log` carries. A hole in `n`, or another `epoch`, means that entries were lost on the bus. */
export const NodeLog = z.object({ nodeId: z.uuid(), epoch: z.uuid(), entries: z.array(LogEntry) });
export type NodeLog = z.infer<typeof NodeLog>;

/** A page of a log: `epoch` names the numbering of its entries. */
export const LogPage = z.object({
  epoch: z.uuid(),
  entries: z.array(LogEntry),
  more: z.boolean(),
  newer: z.optional(z.boolean()),
});
export type LogPage = z.infer<typeof LogPage>;
