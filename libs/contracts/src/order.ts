import * as z from 'zod/mini';
import { Actor } from './fact.js';
import { Permission } from './permissions.js';

/**
 * Who asks for something over the bus, and with which permissions. Built by the gateway from a session or a key, or by a service
 * for itself.
 */
export const Caller = z.object({
  actor: Actor,
  permissions: z.array(Permission),
  /** Names the order: a retry carries the same id and has no second effect. */
  commandId: z.uuid(),
  correlationId: z.uuid(),
});
export type Caller = z.infer<typeof Caller>;

/** Who may give an order: whoever has the permission, any account about itself alone, or only Muster's own services. */
export type Allowed = Permission | 'account' | 'services';

export type Answers = 'once' | 'stream';

export interface Order<
  Request extends z.ZodMiniType = z.ZodMiniType,
  Reply extends z.ZodMiniType = z.ZodMiniType,
  Kind extends Answers = Answers,
> {
  /** `muster.ask.<service>.<order>`; with a node's id as its last token for a command to a node. */
  readonly subject: string;
  readonly request: Request;
  readonly reply: Reply;
  readonly allowed: Allowed;
  /** The asker gives up after this time: the answer, if any, goes nowhere. */
  readonly deadlineMs: number;
  /** With `stream`, each reply is one item and the answer ends when the service says so. */
  readonly answers: Kind;
}

export type RequestOf<O extends Order> = z.output<O['request']>;
export type ReplyOf<O extends Order> = z.output<O['reply']>;

interface OrderOptions<Request extends z.ZodMiniType, Reply extends z.ZodMiniType, Kind extends Answers> {
  request: Request;
  reply: Reply;
  allowed: Allowed;
  deadlineMs?: number;
  answers?: Kind;
}

const order = <Request extends z.ZodMiniType, Reply extends z.ZodMiniType, Kind extends Answers>(
  subject: string,
  { request, reply, allowed, deadlineMs = 5_000, answers }: OrderOptions<Request, Reply, Kind>,
): Order<Request, Reply, Kind> => ({
  subject,
  request,
  reply,
  allowed,
  deadlineMs,
  // Without a word about it, Kind is 'once'.
  answers: answers ?? ('once' as Kind),
});

/** An order to a service, whichever of its instances takes it. */
export const orderTo = <Request extends z.ZodMiniType, Reply extends z.ZodMiniType, Kind extends Answers = 'once'>(
  service: 'registry' | 'monitor' | 'stats' | 'router' | 'gateway' | 'webhooks',
  name: string,
  options: OrderOptions<Request, Reply, Kind>,
) => order(`muster.ask.${service}.${name}`, options);

/** A command that only the monitor which holds the node's link can carry out. Ask it with `commandSubject`. */
export const commandToNode = <
  Request extends z.ZodMiniType,
  Reply extends z.ZodMiniType,
  Kind extends Answers = 'once',
>(
  name: string,
  options: OrderOptions<Request, Reply, Kind>,
) => order(`muster.command.node.*.${name}`, options);

/** The subject of a command for one node. */
export const commandSubject = (command: Order, nodeId: string): string => command.subject.replace('*', nodeId);
