import { Component, computed, inject, input, output, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { actorWords, describeFact, type HistoryEntry, readableText } from '@muster/contracts';
import { Clock } from '../live/clock.js';
import { clockTime } from '../ui/format.js';
import { StatusDot } from '../ui/status-dot.js';
import { byDay, MOST_FETCHED, type Timeline } from './timeline.js';

/** One entry, ready to be shown: no text in it can reorder or hide what stands beside it. */
interface Line {
  readonly entry: HistoryEntry;
  readonly time: string;
  readonly colour: 'green' | 'amber' | 'red' | 'grey';
  readonly title: string;
  readonly actor: string;
  readonly change: { readonly from: string; readonly to: string } | undefined;
  readonly detail: string | undefined;
}

function lineOf(entry: HistoryEntry): Line {
  const { colour, title, change, detail } = describeFact(entry);
  return {
    ...{ entry, time: clockTime(entry.at), colour, title: readableText(title) },
    actor: readableText(actorWords(entry.meta.actor)),
    change: change && { from: readableText(change.from), to: readableText(change.to) },
    detail: detail === undefined ? undefined : readableText(detail),
  };
}

/** Entries of the history under their days; each opens to show the raw fact. */
@Component({
  selector: 'app-history-list',
  imports: [RouterLink, StatusDot],
  template: `
    @for (day of days(); track day.name) {
      <h2 class="day">{{ day.name }}</h2>
      <ul>
        @for (line of day.lines; track line.entry.id) {
          @let open = opened().has(line.entry.id);
          <li>
            <button
              type="button"
              class="entry"
              [attr.aria-expanded]="open"
              [attr.aria-controls]="'fact-' + line.entry.id"
              (click)="toggle(line.entry.id)"
            >
              <span class="sub num time" [title]="line.entry.at">{{ line.time }}</span>
              <app-status-dot [colour]="line.colour" />
              <span class="words">
                {{ line.title }}
                @if (line.change; as change) {
                  <span class="sub change"
                    ><span class="unseen">changed from </span><del>{{ change.from }}</del>
                    <span aria-hidden="true"> → </span><span class="unseen"> to </span>{{ change.to }}</span
                  >
                }
                @if (line.detail) {
                  <span class="sub detail">{{ line.detail }}</span>
                }
              </span>
              <span class="sub actor"><span class="unseen">by </span>{{ line.actor }}</span>
            </button>
            @if (open) {
              <div class="fact" [id]="'fact-' + line.entry.id">
                @if (line.entry.subject.kind === 'node' && linked()) {
                  <a [routerLink]="['/nodes', line.entry.subject.id]">To the node</a>
                }
                <pre tabindex="0" [attr.aria-label]="'The fact ' + line.entry.type">{{ raw(line.entry) }}</pre>
              </div>
            }
          </li>
        }
      </ul>
    }
    @if (timeline().entries.length === 0) {
      <p class="sub none">{{ empty() }}</p>
    } @else if (timeline().entries.length >= most) {
      <p class="sub none">More entries are not shown at once. Narrow what is shown, or export it.</p>
    } @else if (timeline().older !== null) {
      <p class="none">
        <button type="button" [attr.aria-disabled]="asking()" (click)="older.emit()">
          {{ asking() ? 'Loading…' : 'Load older entries' }}
        </button>
      </p>
    } @else if (ends()) {
      <p class="sub none">That is where the history begins.</p>
    }
  `,
  styleUrl: './history-list.css',
})
export class HistoryList {
  readonly timeline = input.required<Timeline>();
  readonly empty = input('Nothing has happened yet.');
  readonly asking = input(false);
  /** Whether an entry leads to its node; not on the node's own page. */
  readonly linked = input(true);
  /** Whether to say where the history begins. */
  readonly ends = input(true);
  readonly older = output();

  readonly #clock = inject(Clock);
  protected readonly most = MOST_FETCHED;
  protected readonly opened = signal<ReadonlySet<string>>(new Set());
  /** Of the day alone: the list is not made anew each second. */
  readonly #today = computed(() => new Date(this.#clock.now()).setHours(12, 0, 0, 0));
  protected readonly days = computed(() =>
    byDay(this.timeline().entries, this.#today()).map(({ name, entries }) => ({ name, lines: entries.map(lineOf) })),
  );

  protected toggle(id: string): void {
    this.opened.update((opened) => {
      const next = new Set(opened);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }

  protected raw({ id, stream, version, position, at, type, data, meta }: HistoryEntry): string {
    const fact = { id, type, stream, version, position, at, data, meta };
    return JSON.stringify(fact, undefined, 2).split('\n').map(readableText).join('\n');
  }
}
