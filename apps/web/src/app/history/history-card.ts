import { Component, inject, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { HistoryFilter } from '@muster/contracts';
import { HistoryList } from './history-list.js';
import { HistoryStore } from './history-store.js';

/** What is about one node or one account, newest first. */
@Component({
  selector: 'app-history-card',
  imports: [HistoryList, RouterLink],
  providers: [HistoryStore],
  host: { class: 'card' },
  template: `
    <div class="card-head">
      <h2>History</h2>
      <span class="grow"></span>
      <a class="button ghost" routerLink="/history" [queryParams]="about()">All filters</a>
    </div>
    @let remote = store.remote();
    @let asking = store.asking();
    @if (remote.state === 'refused') {
      <p class="words wrong" role="alert">{{ remote.words }}</p>
    }
    @if (asking.state === 'failed') {
      <p class="words wrong" role="alert">
        {{ asking.words }} <button type="button" (click)="store.askOlder(timeline())">Try again</button>
      </p>
    }
    @if (timeline(); as shown) {
      <div class="entries">
        <app-history-list
          [timeline]="shown"
          [asking]="asking.state === 'asking'"
          [linked]="about().node === undefined"
          (older)="store.askOlder(shown)"
        />
      </div>
    } @else if (remote.state !== 'refused') {
      <p class="words sub" role="status">Looking into the history…</p>
    }
  `,
  styles: `
    :host {
      display: block;
    }
    .entries {
      max-height: var(--entries-height, 420px);
      overflow: auto;
      border-radius: 0 0 var(--radius) var(--radius);
    }
    .words {
      padding: 14px 18px;
    }
  `,
})
export class HistoryCard {
  readonly about = input.required<Pick<HistoryFilter, 'node' | 'account'>>();

  protected readonly store = inject(HistoryStore);
  protected readonly timeline = this.store.follow(this.about);
}
