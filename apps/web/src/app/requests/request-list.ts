import { Component, computed, inject, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import { isOpen, type RequestView } from '@muster/contracts';
import { Clock } from '../live/clock.js';
import { timeOfDay } from '../ui/format.js';
import { StatusDot } from '../ui/status-dot.js';
import { rowOf } from './request-words.js';

/** Requests as lines; the time is the link to the life of one, and it stretches over its line. */
@Component({
  selector: 'app-request-list',
  imports: [RouterLink, StatusDot],
  template: `
    <div class="table" role="table" aria-label="Requests" [attr.aria-rowcount]="rows().length + 1">
      <div class="row head" role="row">
        <span role="columnheader"><span class="unseen">Colour</span></span>
        <span role="columnheader">Time</span>
        <span role="columnheader">Model</span>
        <span role="columnheader">Node</span>
        <span role="columnheader">Key</span>
        <span role="columnheader">State</span>
        <span role="columnheader">Queue</span>
        <span role="columnheader">First token</span>
        <span role="columnheader">Total</span>
        <span role="columnheader">Tokens</span>
        <span role="columnheader">Outcome</span>
      </div>
      <div role="rowgroup">
        @for (row of rows(); track row.requestId) {
          <div class="row" role="row">
            <span role="cell" class="mark"><app-status-dot [colour]="row.colour" /></span>
            <span role="cell" class="num"
              ><a class="covers" [routerLink]="['/requests', row.requestId]">{{ time(row.at) }}</a></span
            >
            <span role="cell" class="cut strong" [title]="row.model">{{ row.model }}</span>
            <span role="cell" class="cut" [title]="row.node">{{ row.node }}</span>
            <span role="cell" class="cut" [title]="row.key">{{ row.key }}</span>
            <span role="cell">{{ row.state }}</span>
            <span role="cell" class="num"><span class="small">queue </span>{{ row.queue }}</span>
            <span role="cell" class="num"><span class="small">first token </span>{{ row.firstToken }}</span>
            <span role="cell" class="num"><span class="small">total </span>{{ row.total }}</span>
            <span role="cell" class="num"><span class="small">tokens </span>{{ row.tokens }}</span>
            <span role="cell" class="cut sub" [title]="row.outcome">{{ row.outcome }}</span>
          </div>
        }
      </div>
    </div>
  `,
  styleUrl: './request-list.css',
})
export class RequestList {
  readonly #clock = inject(Clock);
  readonly requests = input.required<readonly RequestView[]>();
  /** Only what is under way changes with time alone. */
  readonly #goesOn = computed(() => this.requests().some(isOpen));
  protected readonly rows = computed(() => {
    const nowMs = this.#goesOn() ? this.#clock.now() : 0;
    return this.requests().map((request) => rowOf(request, nowMs));
  });
  protected readonly time = timeOfDay;
}
