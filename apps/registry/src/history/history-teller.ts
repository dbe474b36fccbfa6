import type { Bus } from '@muster/bus';
import type { HistoryEntry } from '@muster/contracts';

/** Tells on the bus which entries have joined the timeline, numbered within this life of the registry. */
export class HistoryTeller {
  #seq = 0;

  constructor(
    private readonly bus: Pick<Bus, 'publishHistory'>,
    private readonly epoch: string,
  ) {}

  readonly tell = (entries: readonly HistoryEntry[]): void => {
    for (const entry of entries) {
      this.#seq += 1;
      this.bus.publishHistory({ epoch: this.epoch, seq: this.#seq, entry });
    }
  };
}
