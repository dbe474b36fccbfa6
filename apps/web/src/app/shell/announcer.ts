import { LiveAnnouncer } from '@angular/cdk/a11y';
import { DestroyRef, effect, inject, Service } from '@angular/core';
import type { NodeView, Status } from '@muster/contracts';
import { Fleet } from '../live/fleet.js';

type Colours = ReadonlyMap<string, Status['colour']>;

/** What to say when nodes changed colour since `before`; undefined when nothing did. One sentence, however many they are. */
export function announcementOf(before: Colours, nodes: readonly NodeView[]): string | undefined {
  const changed = nodes.filter(({ nodeId, status }) => (before.get(nodeId) ?? status.colour) !== status.colour);
  const [first] = changed;
  if (first === undefined) return undefined;
  return changed.length === 1 ? `${first.name}: ${first.status.words}` : `${changed.length} nodes changed their status`;
}

/** At most one announcement in this time: calm enough to be listened to. */
const CALM_MS = 4_000;

/** Tells a screen reader about nodes that change colour. */
@Service()
export class StatusAnnouncer {
  readonly #fleet = inject(Fleet);

  constructor() {
    const announcer = inject(LiveAnnouncer);
    let told: Colours | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = (): void => {
      timer = undefined;
      const nodes = [...(this.#fleet.last()?.nodes.values() ?? [])];
      const words = told && announcementOf(told, nodes);
      told = new Map(nodes.map(({ nodeId, status }) => [nodeId, status.colour]));
      if (words !== undefined) void announcer.announce(words, 'polite');
    };
    effect(() => {
      if (this.#fleet.last() !== undefined) timer ??= setTimeout(tell, told === undefined ? 0 : CALM_MS);
    });
    inject(DestroyRef).onDestroy(() => clearTimeout(timer));
  }
}
