import type { Numbered } from '@muster/contracts';

/** A place in a room's numbering, and what the room looked like there. */
export interface Place<Snapshot> extends Numbered {
  readonly snapshot: Snapshot;
}

/** What one numbered message means to whoever stands at a place. */
export type Step<Snapshot> =
  { readonly kind: 'next'; readonly place: Place<Snapshot> } | { readonly kind: 'known' } | { readonly kind: 'hole' };

/**
 * Takes one message of a room: the next one is folded in, one from before the snapshot is known already, and a hole in the
 * numbers or another epoch means that something was missed, and only a new snapshot helps.
 */
export function step<Snapshot, Change extends Numbered>(
  place: Place<Snapshot>,
  change: Change,
  reduce: (snapshot: Snapshot, change: Change) => Snapshot,
): Step<Snapshot> {
  if (change.epoch !== place.epoch || change.seq > place.seq + 1) return { kind: 'hole' };
  if (change.seq <= place.seq) return { kind: 'known' };
  return {
    kind: 'next',
    place: { epoch: place.epoch, seq: change.seq, snapshot: reduce(place.snapshot, change) },
  };
}
