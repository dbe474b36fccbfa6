import { Component, computed, inject } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { Notice, Permission } from '@muster/contracts';
import { Fleet } from '../live/fleet.js';
import { Session } from '../session/session.js';

interface NoticeWords {
  readonly title: string;
  readonly words: string;
  /** Where more is told, to whoever may see it. */
  readonly more?: { readonly to: string; readonly words: string; readonly needs: Permission };
}

const parked = { to: '/parked', words: 'Look at them', needs: 'settings:manage' } as const;

const words: Record<Notice, NoticeWords> = {
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
  'facts-held-up': {
    title: 'Facts are held up',
    words: 'What is decided and observed is safe, but reaches pages and services late.',
    more: { ...parked, words: 'See by what' },
  },
  'facts-parked': {
    title: 'Some facts can not be taken in',
    words: 'What they are about stands still in the history until somebody looks at them; everything else goes on.',
    more: parked,
  },
  'inference-open': {
    title: 'Inference is open to everybody',
    words: 'Whoever reaches this Gateway can send requests without an API key. Close it in Configuration.',
  },
};

/** What holds for the page as a whole and must not be overlooked. */
@Component({
  selector: 'app-notices',
  imports: [RouterLink],
  template: `
    <div role="status">
      @for (notice of notices(); track notice.title) {
        <p class="banner">
          <span
            ><b>{{ notice.title }}.</b> {{ notice.words }}
            @if (notice.more && session.may(notice.more.needs)) {
              <a [routerLink]="notice.more.to">{{ notice.more.words }}</a>
            }
          </span>
        </p>
      }
    </div>
  `,
})
export class Notices {
  readonly #fleet = inject(Fleet);
  protected readonly session = inject(Session);
  protected readonly notices = computed(() => this.#fleet.last()?.gateway.notices.map((notice) => words[notice]) ?? []);
}
