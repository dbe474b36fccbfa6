import type { Keeper } from '@muster/bus';
import type { Figures } from '@muster/contracts';

const GATEWAY = 'gateway';

/** Keeps the bucket at the figures of this moment; says nothing when nothing but the time has changed. */
export class ToldFigures {
  #told = '';

  constructor(private readonly keeper: Pick<Keeper<Figures>, 'set'>) {}

  tell(figures: Figures): void {
    const words = JSON.stringify({ ...figures, at: '' });
    if (words === this.#told) return;
    this.#told = words;
    this.keeper.set(GATEWAY, figures);
  }
}
