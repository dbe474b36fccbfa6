import type { RequestEvent } from '@muster/contracts';
import type { Pool } from 'undici';
import type { Slots } from '../slots/slots.js';
import type { RetryBudget } from '../upstream/retry.js';
import type { Exchange } from './exchange.js';

/** What a request needs of the router while it lives. */
export interface Serving {
  /** This life of the router. */
  readonly router: string;
  readonly slots: Slots;
  readonly retries: RetryBudget;
  /** The first byte of a stream is due after so long. */
  readonly firstTokenMs: number;
  /** A whole answer is due after so long. */
  readonly answerMs: number;
  /** So much longer when the executor must be woken first. */
  readonly wakeMs: number;
  /** A stream that says nothing for so long is given up; a client that reads nothing for so long too. */
  readonly silenceMs: number;
  /** How often a client that waits in a stream is told its place. */
  readonly commentEveryMs: number;
  now(): string;
  monotonicMs(): number;
  /** The connections to a node and what it wants to see; undefined while it can not be reached. */
  wayTo(nodeId: string): { readonly pool: Pool; readonly authorization: string } | undefined;
  /** The models that this key may use, for a client that asked for another. */
  modelNames(keyId: string | undefined): readonly string[];
  /** Whether a model that nobody has is one that there is not, and not one of a node that is still to tell. */
  readonly hasAllModels: boolean;
  tell(event: RequestEvent): void;
  open(exchange: Exchange): void;
  close(exchange: Exchange): void;
}
