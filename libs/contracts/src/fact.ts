import * as z from 'zod/mini';

/** Who caused something: an account, a program with an API key, or a part of Muster itself. */
export const Actor = z.object({
  kind: z.enum(['account', 'key', 'gateway', 'node']),
  /** The account's, the key's or the node's id; for the Gateway the name of its service. */
  id: z.string(),
  /** As people knew it at that time. */
  name: z.string(),
  /** The account that a key belongs to. With `key` alone. */
  owner: z.optional(z.object({ id: z.string(), name: z.string() })),
});
export type Actor = z.infer<typeof Actor>;

/** Who it was, for a person: of a key also whose it is. */
export const actorWords = ({ name, owner }: Actor): string =>
  owner === undefined ? name : `${name} (key of ${owner.name})`;

/** What every fact carries beside its own data. Never a secret. */
export const FactMeta = z.object({
  actor: Actor,
  /** The order that led to it: a retry of the same order has the same id and adds no fact. */
  commandId: z.uuid(),
  /** Shared by everything that one click, call or sighting set off. */
  correlationId: z.uuid(),
  /** The fact that this one answers, when a fact caused it. */
  causationId: z.optional(z.uuid()),
  /** The trace that it was recorded in, where traces were made (W3C Trace Context). */
  traceparent: z.optional(z.string().check(z.maxLength(128))),
});
export type FactMeta = z.infer<typeof FactMeta>;

/** What a decider says: the name of what happened, and its particulars. */
export interface Event {
  readonly type: string;
  readonly data: object;
}

/** Where and when a fact was recorded. */
export interface Recorded {
  readonly id: string;
  /** The aggregate's stream, as in `node-<nodeId>`. */
  readonly stream: string;
  /** 1 for the first fact of a stream, then one more each. */
  readonly version: number;
  /** Dense and in commit order over the whole store: what readers remember to go on from. */
  readonly position: number;
  /** When it was committed, by the clock of the store. ISO 8601. */
  readonly at: string;
  readonly meta: FactMeta;
  /** By which edition of all the shapes its data was written. Absent: in the shape of today. */
  readonly edition?: number;
}

/** An event as it stands in the store and on the bus. Narrow on `type`. */
export type Fact<E extends Event = Event> = E & Recorded;

/** A stored event whose shape is not known yet. */
export interface StoredEvent {
  readonly type: string;
  readonly data: Record<string, unknown>;
}

/**
 * The pure heart of an aggregate. `decide` says what follows from a command, `[]` when nothing is new, and throws a
 * Refusal when the answer is no; `evolve` says what an event makes of the state. Neither reads a clock or makes an id.
 */
export interface Decider<State, Command, E extends Event> {
  readonly initial: State;
  evolve(state: State, event: E): State;
  decide(command: Command, state: State): readonly E[];
}

/** The state that a list of events leads to. */
export const fold = <State, Command, E extends Event>(
  decider: Decider<State, Command, E>,
  events: readonly E[],
): State => events.reduce((state, event) => decider.evolve(state, event), decider.initial);
