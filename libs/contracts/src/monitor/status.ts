import * as z from 'zod/mini';
import type { Executor } from './executor.js';
import { type Link, type LinkCause, linkCauses } from './link.js';

export const colours = ['green', 'amber', 'red', 'grey'] as const;

/** Every reason a node can be in its colour for. No two mean the same. */
export const statusReasons = [
  'deactivated',
  'unwatched',
  ...linkCauses,
  'node-error',
  'executor-failed',
  'connecting',
  'settling',
  'stale',
  'node-starting',
  'executor-starting',
  'queued',
  'all-slots-in-use',
  'draining',
  'healthy',
] as const;
export const StatusReason = z.enum(statusReasons);
export type StatusReason = z.infer<typeof StatusReason>;

/** How a node is: the answer to "why is it red, since when, and what would clear it?" */
export const Status = z.object({
  colour: z.enum(colours),
  reason: StatusReason,
  /** For a person: what is so. */
  words: z.string(),
  /** For a person: what would turn it green, empty when it is. */
  clears: z.string(),
  /** Since when it has been for this reason. */
  since: z.iso.datetime(),
});
export type Status = z.infer<typeof Status>;

/** What a node says of itself beside its executors. */
export const NodeCondition = z.discriminatedUnion('condition', [
  z.object({ condition: z.literal('serving') }),
  z.object({ condition: z.literal('starting') }),
  z.object({ condition: z.literal('draining') }),
  z.object({ condition: z.literal('error'), message: z.string().check(z.maxLength(1024)) }),
]);
export type NodeCondition = z.infer<typeof NodeCondition>;

export interface StatusInput {
  readonly activated: boolean;
  /** Undefined while no monitor has said anything about the node, or none can be heard. */
  readonly link: Link | undefined;
  readonly condition: NodeCondition | undefined;
  readonly executors: readonly Executor[];
}

type Judgement = Omit<Status, 'since'>;

const causes: Record<LinkCause, { words: string; clears: string }> = {
  'address-not-allowed': {
    words: 'Address not allowed',
    clears:
      'The address resolves to one that this Gateway does not dial. Change the address, or what may be dialled in Configuration.',
  },
  'name-not-found': {
    words: 'Name not found',
    clears: 'The host name must resolve. Check its spelling and the DNS of the Gateway.',
  },
  refused: {
    words: 'Connection refused',
    clears: 'The machine answers but nothing listens on the port. Start the node service there, or correct the port.',
  },
  'timed-out': {
    words: 'Connection timed out',
    clears: 'Nothing answers. Check that the machine is on and that no firewall drops the port.',
  },
  unreachable: {
    words: 'Unreachable',
    clears: 'There is no route to the machine. Check the network between it and the Gateway.',
  },
  tls: {
    words: 'Encryption failed',
    clears: 'The port does not speak TLS as a node does. Check that the address is that of a node service.',
  },
  'certificate-changed': {
    words: 'Certificate changed',
    clears:
      'The node shows another certificate than the pinned one. Accept the new one if you know why; otherwise somebody may be in between.',
  },
  'not-a-node': {
    words: 'Not a node',
    clears: 'Something else than a node service answers there. Correct the address.',
  },
  'key-refused': {
    words: 'Access key refused',
    clears:
      "The key in Configuration differs from the key on the node. Copy it from the node's start-up line, or change it there.",
  },
  version: {
    words: 'Version not supported',
    clears: 'Node service and Gateway speak no common protocol version. Update the older of the two.',
  },
  protocol: {
    words: 'Protocol error',
    clears:
      'The node sent something that this Gateway does not understand. Update the older of the two; the log tells more.',
  },
  closed: {
    words: 'Link closed by the node',
    clears: 'The node service ended or restarted. The Gateway dials again by itself.',
  },
  silent: {
    words: 'Silent',
    clears:
      'The link is open but the node has said nothing for 5 s. It clears with the next sign of life; the Gateway dials again by itself.',
  },
  flapping: {
    words: 'Flapping',
    clears: 'The link was lost more than three times within a minute. It clears once it has held long enough.',
  },
};

const amber = (reason: StatusReason, words: string, clears: string): Judgement => ({
  colour: 'amber',
  reason,
  words,
  clears,
});
const red = (reason: StatusReason, words: string, clears: string): Judgement => ({
  colour: 'red',
  reason,
  words,
  clears,
});
const count = (items: number, one: string, many: string): string => `${items} ${items === 1 ? one : many}`;

/**
 * The status of a node: the first line of the table in ARCHITECTURE.md ("A node's status") that holds. The one function
 * that decides it, for the monitor, the gateway, the router and the page alike.
 */
export function judge({ activated, link, condition, executors }: StatusInput): Judgement {
  if (!activated) return { colour: 'grey', reason: 'deactivated', words: 'Deactivated', clears: 'Activate the node.' };
  if (link === undefined)
    return amber('unwatched', 'Not watched', 'No monitor reports on this node right now. It clears when one does.');

  if (link.phase === 'down') return { colour: 'red', reason: link.cause, ...causes[link.cause] };
  if (condition?.condition === 'error')
    return red('node-error', `Error: ${condition.message}`, 'The node reports it itself. See its log.');
  const failed = executors.filter(({ state }) => state === 'failed');
  if (failed.length > 0) {
    return red(
      'executor-failed',
      `Executor failed: ${failed.map(({ model }) => model).join(', ')}`,
      'Start it again or disable it. Its last lines tell why.',
    );
  }

  if (link.phase === 'connecting')
    return amber('connecting', 'Connecting', 'The first link to the node is being made.');
  if (link.frames === 'stale') return amber('stale', 'No sign of life for 3 s', 'It clears with the next one.');
  if (link.frames === 'settling')
    return amber('settling', 'Settling', 'The link is back. It clears after three frames in time.');
  if (condition?.condition === 'starting')
    return amber('node-starting', 'Starting up', 'The node service is starting.');
  const starting = executors.filter(({ state }) => state === 'starting');
  if (starting.length > 0) {
    return amber(
      'executor-starting',
      `Starting ${starting.map(({ model }) => model).join(', ')}`,
      'The model is being loaded.',
    );
  }
  const online = executors.filter(({ state }) => state === 'online');
  const inFlight = online.reduce((sum, executor) => sum + executor.inFlight, 0);
  const queued = online.reduce((sum, executor) => sum + executor.queued, 0);
  if (queued > 0)
    return amber('queued', `Busy: ${inFlight} in flight, ${queued} queued`, 'It clears when the queue is empty.');
  if (online.length > 0 && online.every((executor) => executor.inFlight >= executor.slots)) {
    return amber(
      'all-slots-in-use',
      `Busy: ${count(inFlight, 'request', 'requests')} in flight`,
      'It clears when a slot is free.',
    );
  }
  if (condition?.condition === 'draining')
    return amber('draining', 'Draining', 'The node finishes what it has and takes nothing new.');

  return { colour: 'green', reason: 'healthy', words: 'Healthy', clears: '' };
}

/** The status at `at`, with `since` kept from `before` while the reason is the same. */
export function statusOf(input: StatusInput, before: Status | undefined, at: string): Status {
  const judgement = judge(input);
  return { ...judgement, since: before !== undefined && before.reason === judgement.reason ? before.since : at };
}
