import type { Bus } from '@muster/bus';
import type { StreamName } from '@muster/contracts';
import type { Lag } from './lag.js';

/** What the relay needs of the bus. */
export type RelayBus = Pick<Bus, 'state' | 'onState' | 'tail' | 'publishFact'>;

/** What happens in the relay that whoever runs the process should find in its log. */
export type RelayNotice =
  | { readonly notice: 'leading'; readonly token: number }
  /** The lead is lost, or could not be taken; it is tried again by itself. */
  | { readonly notice: 'not-leading'; readonly error: unknown }
  /** A stream of the bus lacks facts that were there: it is filled again from the store, beginning after `position`. */
  | { readonly notice: 'refilling'; readonly stream: StreamName; readonly position: number }
  /** Told at the first failure of a row. */
  | { readonly notice: 'publish-failed'; readonly stream: StreamName; readonly error: unknown }
  /** A session has had a write transaction open for 2 s or more: nothing committed after its begin is read until it ends. */
  | { readonly notice: 'held-up'; readonly by: NonNullable<Lag['heldBy']> }
  | { readonly notice: 'parked'; readonly stream: string; readonly reason: string };
