import { Component, computed, inject, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { GatewayView, NodeView } from '@muster/contracts';
import { Clock } from '../live/clock.js';
import { LiveFigures } from '../live/live-figures.js';
import { figure, moment, share, took, uptime } from '../ui/format.js';
import { Sparkline } from '../ui/sparkline.js';

const TINTS = ['var(--cpu)', 'var(--ram)', 'var(--gpu)', 'var(--vram)'];
/** Of more nodes than this the busiest are shown; the list beside has them all. */
const MOST_SHARES = 8;

/** The Gateway itself, beside its nodes: what it has served, and since when. */
@Component({
  selector: 'app-gateway-panel',
  imports: [RouterLink, Sparkline],
  host: { class: 'card' },
  templateUrl: './gateway-panel.html',
  styleUrl: './gateway-panel.css',
})
export class GatewayPanel {
  readonly #clock = inject(Clock);
  readonly #live = inject(LiveFigures);
  readonly gateway = input.required<GatewayView>();
  readonly nodes = input.required<ReadonlyMap<string, NodeView>>();

  protected readonly figures = this.#live.last;
  protected readonly up = computed(() => uptime(this.#clock.now() - Date.parse(this.gateway().startedAt)));
  protected readonly since = computed(() => moment(this.gateway().startedAt, this.#clock.now()));
  protected readonly handled = computed(() => {
    const handled = this.figures()?.handled;
    return (
      handled && { count: figure(handled.sinceStart), rate: figure(handled.perSecond), all: figure(handled.allTime) }
    );
  });
  /** The last step still grows, and would look like a fall. */
  protected readonly recent = computed(() => this.figures()?.handled.recent.slice(0, -1) ?? []);
  protected readonly delayed = computed(() => {
    const delayed = this.figures()?.delayed;
    if (delayed === undefined) return undefined;
    const { count, of, thresholdMs } = delayed;
    return {
      count: figure(count),
      threshold: took(thresholdMs).replace('.0 s', ' s'),
      share: share(of === 0 ? 0 : count / of),
    };
  });
  /** Only where there is something to spread: with two connected nodes or more. */
  protected readonly cluster = computed(() => {
    const concurrency = this.figures()?.concurrency;
    const connected = concurrency?.nodes.filter((node) => node.connected && this.nodes().has(node.nodeId)) ?? [];
    if (concurrency === undefined || connected.length < 2) return undefined;
    const busiest = [...connected].sort((one, other) => other.share - one.share).slice(0, MOST_SHARES);
    return {
      most: concurrency.most,
      balance: concurrency.balance === undefined ? undefined : share(concurrency.balance),
      now: concurrency.now,
      nodes: busiest.map(({ nodeId, share: part, inFlight }, at) => ({
        ...{ nodeId, inFlight, name: this.nodes().get(nodeId)?.name ?? '', words: share(part), percent: 100 * part },
        tint: TINTS[at % TINTS.length] ?? '',
      })),
      more: connected.length - busiest.length,
    };
  });
}
