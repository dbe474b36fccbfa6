import { Component, computed, inject } from '@angular/core';
import { Connection } from '../live/connection.js';
import { StatusDot } from '../ui/status-dot.js';

/** Whether what the page shows is live, and how far away the Gateway is. */
@Component({
  selector: 'app-live-indicator',
  imports: [StatusDot],
  template: `<app-status-dot [colour]="view().colour" /><span class="num">{{ view().words }}</span
    ><span class="unseen" role="status">{{ view().spoken }}</span>`,
  styles: `
    :host {
      display: flex;
      gap: 8px;
      align-items: center;
      color: var(--ink-2);
      font-size: 12.5px;
    }
  `,
})
export class LiveIndicator {
  readonly #connection = inject(Connection);

  protected readonly view = computed(() => {
    const live = this.#connection.live();
    switch (live.state) {
      case 'connecting':
        return { colour: 'amber', words: 'Connecting', spoken: '' } as const;
      case 'lost':
        return { colour: 'red', words: 'Connection lost, retrying', spoken: 'Connection lost, retrying' } as const;
      case 'live': {
        const ms = live.roundTripMs;
        const words = ms === undefined ? 'Live' : `Live · ${Math.max(1, Math.round(ms))} ms`;
        return { colour: 'green', words, spoken: 'Live' } as const;
      }
    }
  });
}
