import { Component, inject, input, output } from '@angular/core';
import type { SessionEntry } from '@muster/contracts';
import { Clock } from '../live/clock.js';
import { moment, span } from '../ui/format.js';
import { deviceWords } from './account-words.js';

/** Open sessions: on which device, from where, used when; and a way to end each. */
@Component({
  selector: 'app-session-list',
  template: `
    <ul>
      @for (session of sessions(); track session.sessionId) {
        <li>
          <div class="what">
            <b [title]="session.device">{{ device(session.device) }}</b>
            @if (session.current) {
              <span class="sub">this page</span>
            }
            <p class="sub num">
              <span class="mono">{{ session.remoteAddress }}</span> · signed in {{ at(session.openedAt) }} · last used
              {{ ago(session.lastUsedAt) }}
            </p>
          </div>
          @if (!session.current) {
            <button type="button" [disabled]="busy()" (click)="end.emit(session.sessionId)">
              End<span class="unseen"> the session on {{ device(session.device) }}</span>
            </button>
          }
        </li>
      } @empty {
        <li class="sub">Nobody is signed in with this account.</li>
      }
    </ul>
  `,
  styles: `
    li {
      display: flex;
      flex-wrap: wrap;
      gap: 8px 12px;
      align-items: center;
      padding: 11px 18px;
      border-top: 1px solid var(--line-soft);
    }
    li:first-child {
      border-top: 0;
    }
    .what p {
      margin: 0;
    }
    .what {
      flex: 1;
      min-width: 0;
      overflow-wrap: anywhere;
    }
  `,
})
export class SessionList {
  readonly #clock = inject(Clock);
  readonly sessions = input.required<readonly (SessionEntry & { current?: boolean })[]>();
  readonly busy = input(false);
  readonly end = output<string>();

  protected readonly device = deviceWords;
  protected readonly at = (iso: string): string => moment(iso, this.#clock.now());
  /** Use is noted once a minute: less than that is now. */
  protected readonly ago = (iso: string): string => {
    const ms = this.#clock.now() - Date.parse(iso);
    return ms < 120_000 ? 'just now' : `${span(ms)} ago`;
  };
}
