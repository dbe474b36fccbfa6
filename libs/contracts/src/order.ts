import * as z from 'zod/mini';
import { Permission } from './permissions.js';

/** Who asks for something over the bus, and with which permissions. Built by the gateway from a session, or by a service for itself. */
export const Caller = z.object({
  actor: z.object({ kind: z.enum(['account', 'gateway', 'node']), id: z.string(), name: z.string() }),
  permissions: z.array(Permission),
  /** Names the order: a retry carries the same id and has no second effect. */
  commandId: z.uuid(),
  correlationId: z.uuid(),
});
export type Caller = z.infer<typeof Caller>;

/** Who may give an order: whoever has the permission, or only Muster's own services. */
export type Allowed = Permission | 'services';

export interface Order<Request extends z.ZodMiniType = z.ZodMiniType, Reply extends z.ZodMiniType = z.ZodMiniType> {
  /** `muster.ask.<service>.<order>`; with a node's id as its last token for a command to a node. */
  readonly subject: string;
  readonly request: Request;
  readonly reply: Reply;
  readonly allowed: Allowed;
  /** The asker gives up after this time: the answer, if any, goes nowhere. */
  readonly deadlineMs: number;
  /** With `stream`, each reply is one item and the answer ends when the service says so. */
  readonly answers: 'once' | 'stream';
}

export type RequestOf<O extends Order> = z.output<O['request']>;
export type ReplyOf<O extends Order> = z.output<O['reply']>;

interface OrderOptions<Request extends z.ZodMiniType, Reply extends z.ZodMiniType> {
  request: Request;
  reply: Reply;
  allowed: Allowed;
  deadlineMs?: number;
  answers?: 'once' | 'stream';
}

const order = <Request extends z.ZodMiniType, Reply extends z.ZodMiniType>(
  subject: string,
  { request, reply, allowed, deadlineMs = 5_000, answers = 'once' }: OrderOptions<Request, Reply>,
): Order<Request, Reply> => ({ subject, request, reply, allowed, deadlineMs, answers });

/** An order to a service, whichever of its instances takes it. */
export const orderTo = <Request extends z.ZodMiniType, Reply extends z.ZodMiniType>(
  service: 'registry' | 'monitor',
  name: string,
  options: OrderOptions<Request, Reply>,
) => order(`muster.ask.${service}.${name}`, options);

/** A command that only the monitor which holds the node's link can carry out. Ask it with `commandSubject`. */
export const commandToNode = <Request extends z.ZodMiniType, Reply extends z.ZodMiniType>(
  name: string,
  options: OrderOptions<Request, Reply>,
) => order(`muster.command.node.*.${name}`, options);

/** The subject of a command for one node. */
export const commandSubject = (command: Order, nodeId: string): string => command.subject.replace('*', nodeId);
