import { Component, computed, inject, input, output } from '@angular/core';
import { RouterLink } from '@angular/router';
import { Clock } from '../live/clock.js';
import { percent } from '../ui/format.js';
import { StatusDot } from '../ui/status-dot.js';
import { reasonLine, type NodeRow as Row } from './node-list.js';

/** One node in the list. The name is the link, and it stretches over the whole row. */
@Component({
  selector: 'app-node-row',
  imports: [RouterLink, StatusDot],
  host: { role: 'row' },
  template: `
    @let node = row().node;
    <span role="cell" class="mark"
      ><app-status-dot [colour]="node.status.colour" /><span class="unseen">{{ node.status.colour }}</span></span
    >
    <div role="cell" class="who">
      <div class="name">
        @if (asOf() === undefined) {
          <a class="covers" [routerLink]="['/nodes', node.nodeId]">{{ node.name }}</a>
        } @else {
          <b>{{ node.name }}</b>
        }
        <span class="mono address">{{ row().address }}</span>
      </div>
      <div class="sub num reason" [title]="reason()">{{ reason() }}</div>
    </div>
    @for (load of row().loads; track load.title) {
      <div role="cell" class="load num">
        <span class="small">{{ load.title }} </span>
        @if (load.share !== undefined) {
          {{ percent(load.share) }}<span class="bar" [style.--share]="load.share" [style.--tint]="load.tint"></span>
        } @else {
          <span class="sub" aria-label="not known">–</span>
        }
      </div>
    }
    <div role="cell" class="num"><span class="small">Executors </span>{{ row().executors ?? '–' }}</div>
    <div role="cell" class="num"><span class="small">In flight </span>{{ row().inFlight ?? '–' }}</div>
    <div role="cell" class="num"><span class="small">Queued </span>{{ row().queued ?? '–' }}</div>
    <div role="cell" class="num"><span class="small">Share </span>{{ row().share ?? '–' }}</div>
    <div role="cell" class="edit">
      @if (editable()) {
        <button type="button" class="ghost" (click)="edit.emit()" [attr.aria-label]="'Edit ' + node.name">
          <svg
            width="14"
            height="14"
            viewBox="0 0 16 16"
            fill="none"
            stroke="currentColor"
            stroke-width="1.4"
            aria-hidden="true"
          >
            <path d="m2.5 13.5.7-3L10.8 3a1.4 1.4 0 0 1 2.2 2.2l-7.5 7.6z M9.4 4.4l2.2 2.2" />
          </svg>
        </button>
      }
    </div>
  `,
  styleUrl: './node-row.css',
})
export class NodeRow {
  readonly #clock = inject(Clock);
  readonly row = input.required<Row>();
  readonly editable = input.required<boolean>();
  /** The time that the row tells of; undefined for now. The past leads nowhere: a node may be gone by now. */
  readonly asOf = input<string>();
  readonly edit = output();

  readonly #nowMs = computed(() => {
    const at = this.asOf();
    return at === undefined ? this.#clock.now() : Date.parse(at);
  });
  protected readonly percent = percent;
  protected readonly reason = computed(() => reasonLine(this.row().node, this.#nowMs()));
}
