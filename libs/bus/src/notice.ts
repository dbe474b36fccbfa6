import type { StreamName } from '@muster/contracts';

export type BusState = 'up' | 'down';

/** What happens on the bus that whoever runs the process should find in its log. Never carries a payload. */
export type BusNotice =
  | { readonly notice: 'disconnected' }
  | { readonly notice: 'reconnected'; readonly downMs: number }
  | { readonly notice: 'server-error'; readonly error: unknown }
  /** A subscription's messages come faster than they are handled. */
  | { readonly notice: 'slow'; readonly subject: string; readonly pending: number }
  /** The answering side had no place left and said so to the asker. */
  | { readonly notice: 'overloaded'; readonly subject: string }
  /** A stream or bucket is not the one that was there before: its content was lost with the old one. */
  | { readonly notice: 'store-lost'; readonly stream: string }
  /** Following, consuming or watching broke off and starts again. */
  | { readonly notice: 'reopening'; readonly what: string; readonly error: unknown }
  /** The place of a reader is not in the stream any more, which is another one now or lost its end: it reads what is there. */
  | { readonly notice: 'place-lost'; readonly reader: string; readonly stream: string }
  /** Facts were too old to be kept before this reader came to them; so many at most, those of other readers among them. */
  | { readonly notice: 'facts-missed'; readonly reader: string; readonly stream: string; readonly upTo: number }
  | { readonly notice: 'malformed'; readonly subject: string; readonly error: unknown }
  | {
      readonly notice: 'handler-failed';
      readonly subject: string;
      readonly error: unknown;
      readonly correlationId?: string;
    }
  | {
      readonly notice: 'retrying';
      readonly durable: string;
      readonly subject: string;
      readonly failures: number;
      readonly delayMs: number;
      readonly error: unknown;
      readonly correlationId: string;
    }
  | {
      readonly notice: 'dead-letter';
      readonly durable: string;
      readonly subject: string;
      readonly error: unknown;
      readonly correlationId: string;
    }
  /** Samples or lines that were not sent because the bus was away. Receivers see the gap in the numbers. */
  | { readonly notice: 'not-sent'; readonly lane: string; readonly messages: number };

/** How an order ended here. `taken-back`: nobody waited any more for the rest of a streamed answer. */
export const answerOutcomes = ['replied', 'refused', 'outage', 'failure', 'overloaded', 'taken-back'] as const;
export type AnswerOutcome = (typeof answerOutcomes)[number];

/** What is worth counting of a bus. Called on the hot path: it counts and returns, and never throws. */
export interface BusCounts {
  /** An order of this subject, with `*` for the node, was answered after so many seconds. */
  answered(subject: string, outcome: AnswerOutcome, seconds: number): void;
  /** So many messages of a lane did not come, by their numbers. */
  lost(lane: string, messages: number): void;
}

/** How far a reader of facts is. */
export interface ReaderState {
  readonly name: string;
  readonly stream: string;
  /** Messages of the stream that are still before it; of a reader that keeps its place itself, all that come after that place. */
  readonly pending: number;
  /** Handed over and not acknowledged yet; and so many of them not for the first time. Only where the server keeps the place. */
  readonly ackPending?: number;
  readonly redelivered?: number;
}

export type OnNotice = (notice: BusNotice) => void;

/** Something that runs until it is told to stop. Stopping waits for the work at hand. */
export interface Stoppable {
  stop(): Promise<void>;
}

export interface Tail {
  /** The id of the last fact in the stream; undefined when there is none. */
  readonly lastId: string | undefined;
  /** Its position; 0 when there is none. */
  readonly lastPosition: number;
  readonly messages: number;
}

/** The stream's last fact is not the one that the publisher meant to follow: it must look at the tail and go on from there. */
export class TailMismatch extends Error {
  override readonly name = 'TailMismatch';

  constructor(
    readonly stream: StreamName,
    readonly expectedId: string | undefined,
    readonly actualId: string | undefined,
  ) {
    super(`The last fact of ${stream} is ${actualId ?? 'none'}, not ${expectedId ?? 'none'}`);
  }
}
