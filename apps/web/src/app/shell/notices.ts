import { Component, computed, inject } from '@angular/core';
import type { Notice } from '@muster/contracts';
import { Fleet } from '../live/fleet.js';

const words: Record<Notice, { title: string; words: string }> = {
  'bus-away': {
    title: 'The message bus is away',
    words: 'What you see may be old, and changes wait. The page catches up by itself once the bus is back.',
  },
  'monitor-silent': {
    title: 'No monitor can be heard',
    words: 'Nobody watches the nodes right now, so their status is not known. It clears when a monitor reports again.',
  },
  'monitor-impaired': {
    title: 'The monitor was held up itself',
    words: 'Silence of nodes proves nothing for the moment, so none of them turns red for it.',
  },
  'inference-open': {
    title: 'Inference is open to everybody',
    words: 'Whoever reaches this Gateway can send requests without an API key. Close it in Configuration.',
  },
};

/** What holds for the page as a whole and must not be overlooked. */
@Component({
  selector: 'app-notices',
  template: `
    <div role="status">
      @for (notice of notices(); track notice.title) {
        <p class="banner">
          <span
            ><b>{{ notice.title }}.</b> {{ notice.words }}</span
          >
        </p>
      }
    </div>
  `,
})
export class Notices {
  readonly #fleet = inject(Fleet);
  protected readonly notices = computed(() => this.#fleet.last()?.gateway.notices.map((notice) => words[notice]) ?? []);
}
