import { Component, computed, input } from '@angular/core';
import {
  endedOf,
  type Grouping,
  type RequestError,
  requestErrorWords,
  type Spread,
  type Tally,
} from '@muster/contracts';
import { count, figure, share, took } from '../ui/format.js';
import { nameOf } from './series-lines.js';
import type { Tallies } from './tallies-store.js';

const columnOf: Record<Grouping, string> = { all: 'All', node: 'Node', model: 'Model', key: 'Key' };

const spread = (of: Spread | undefined, words: (value: number) => string): string =>
  of === undefined ? '–' : `${words(of.p50)} · ${words(of.p95)} · ${words(of.p99)}`;

function errorsOf({ errors }: Tally): string {
  const kinds = Object.entries(errors) as [RequestError, number][];
  return kinds
    .sort(([, one], [, other]) => other - one)
    .map(([error, times]) => `${figure(times)} × ${requestErrorWords[error]}`)
    .join('\n');
}

/** What was counted in a window, one line for each node, model or key. */
@Component({
  selector: 'app-tally-table',
  template: `
    <div class="scrolled" tabindex="0" role="region" aria-label="What was counted">
      <table>
        <thead>
          <tr>
            <th scope="col">{{ column() }}</th>
            <th scope="col">Requests</th>
            <th scope="col">Did not complete</th>
            <th scope="col">Delayed</th>
            <th scope="col">Tokens in › out</th>
            <th scope="col">Queue <span class="sub">p50 · p95 · p99</span></th>
            <th scope="col">First token <span class="sub">p50 · p95 · p99</span></th>
            <th scope="col">Total <span class="sub">p50 · p95 · p99</span></th>
            <th scope="col">Tokens/s <span class="sub">p50</span></th>
          </tr>
        </thead>
        <tbody>
          @for (row of rows(); track row.id) {
            <tr>
              <th scope="row">{{ row.name }}</th>
              <td class="num">{{ row.requests }}</td>
              <td class="num">
                {{ row.unsuccessful }}
                @if (row.errors !== '') {
                  <details>
                    <summary>why</summary>
                    <span class="errors">{{ row.errors }}</span>
                  </details>
                }
              </td>
              <td class="num">{{ row.delayed }}</td>
              <td class="num">{{ row.tokens }}</td>
              <td class="num">{{ row.queue }}</td>
              <td class="num">{{ row.firstToken }}</td>
              <td class="num">{{ row.total }}</td>
              <td class="num">{{ row.speed }}</td>
            </tr>
          } @empty {
            <tr>
              <td colspan="9" class="sub">No request ended in this window.</td>
            </tr>
          }
        </tbody>
      </table>
    </div>
    @if (tallies().more) {
      <p class="sub more">There are more; these have the most requests.</p>
    }
  `,
  styles: `
    .scrolled {
      overflow-x: auto;
    }
    table {
      width: 100%;
      border-collapse: collapse;
    }
    th,
    td {
      padding: 9px 12px;
      text-align: left;
      vertical-align: top;
      font-weight: 400;
      white-space: nowrap;
      border-top: 1px solid var(--line-soft);
    }
    th:first-child,
    td:first-child {
      padding-left: 18px;
    }
    thead th {
      border: 0;
      color: var(--ink-3);
      font-size: 12px;
    }
    thead .sub {
      font-size: 11.5px;
    }
    tbody th {
      font-weight: 550;
      max-width: 260px;
      overflow: hidden;
      text-overflow: ellipsis;
    }
    summary {
      display: inline;
      color: var(--ink-2);
      font-size: 12.5px;
      cursor: pointer;
    }
    details {
      display: inline-block;
      margin-left: 6px;
    }
    .errors {
      display: block;
      white-space: pre-line;
      color: var(--ink-2);
      font-size: 12.5px;
    }
    .more {
      padding: 0 18px 12px;
    }
  `,
})
export class TallyTable {
  readonly by = input.required<Grouping>();
  readonly tallies = input.required<Tallies>();

  protected readonly column = computed(() => columnOf[this.by()]);
  protected readonly rows = computed(() =>
    this.tallies().tallies.map(({ of, tally }) => {
      const ended = endedOf(tally);
      const unsuccessful = ended - tally.completed + tally.lost;
      return {
        id: of.id,
        name: nameOf(this.by(), of) || 'All',
        requests: figure(ended),
        unsuccessful:
          unsuccessful === 0 ? '0' : `${figure(unsuccessful)} (${share(unsuccessful / (ended + tally.lost))})`,
        errors: [errorsOf(tally), tally.lost > 0 ? `${count(tally.lost, 'request')} lost` : '']
          .filter(Boolean)
          .join('\n'),
        delayed: figure(tally.delayed),
        tokens: `${figure(tally.tokensIn)} › ${figure(tally.tokensOut)}`,
        queue: spread(tally.queueMs, took),
        firstToken: spread(tally.firstTokenMs, took),
        total: spread(tally.totalMs, took),
        speed: tally.tokensPerSecond === undefined ? '–' : figure(tally.tokensPerSecond.p50),
      };
    }),
  );
}
