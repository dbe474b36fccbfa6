import { Component, computed, inject, input, signal } from '@angular/core';
import { routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import { Clock } from '../live/clock.js';
import { lastOf, lost, type Remote } from '../live/remote.js';
import { readWhileSeen } from '../live/while-seen.js';
import { moment, timeOfDay, took } from '../ui/format.js';
import { grown, renewed, type Tries } from './tries.js';
import { outcomeWords } from './webhook-words.js';

const READ_EVERY_MS = 2_000;

/** What was tried for one webhook, newest first; read anew while it is open. */
@Component({
  selector: 'app-delivery-log',
  template: `
    @let view = remote();
    @if (view.state === 'refused') {
      <p class="banner bad" role="alert">{{ view.words }}</p>
    } @else if (rows(); as rows) {
      @if (rows.length === 0) {
        <p class="sub">Nothing was sent yet.</p>
      } @else {
        <div
          class="tries"
          role="table"
          [attr.aria-label]="'Deliveries of ' + name()"
          [class.old]="view.state === 'lost'"
        >
          <div class="row head" role="row">
            <span role="columnheader">Time</span>
            <span role="columnheader">Fact</span>
            <span role="columnheader">Position</span>
            <span role="columnheader">Try</span>
            <span role="columnheader">Outcome</span>
            <span role="columnheader">Took</span>
          </div>
          @for (row of rows; track row.n) {
            <div class="row" role="row">
              <span role="cell" class="num" [title]="row.day">{{ row.time }}</span>
              <span role="cell" class="name">{{ row.type }}</span>
              <span role="cell" class="mono name">{{ row.position }}</span>
              <span role="cell" class="num" data-label="Try">{{ row.attempt }}</span>
              <span role="cell" [class.failed]="row.failed">{{ row.outcome }}</span>
              <span role="cell" class="num">{{ row.took }}</span>
            </div>
          }
        </div>
        @if (older()) {
          <button type="button" class="ghost" [attr.aria-disabled]="asking()" (click)="askOlder()">
            {{ asking() ? 'Looking…' : 'Older' }}<span class="unseen"> deliveries of {{ name() }}</span>
          </button>
        }
        @if (problem(); as words) {
          <p class="wrong" role="alert">{{ words }}</p>
        }
      }
    } @else {
      <p class="sub" role="status">
        {{ view.state === 'lost' ? 'The Gateway does not answer.' : 'Looking for deliveries…' }}
      </p>
    }
  `,
  styleUrl: './delivery-log.css',
})
export class DeliveryLog {
  readonly #api = inject(Api);
  readonly #clock = inject(Clock);
  readonly webhookId = input.required<string>();
  readonly name = input.required<string>();

  protected readonly remote = signal<Remote<Tries>>({ state: 'loading' });
  protected readonly asking = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly older = computed(() => lastOf(this.remote())?.older === true);
  protected readonly rows = computed(() =>
    lastOf(this.remote())?.deliveries.map((delivery) => ({
      ...delivery,
      time: timeOfDay(delivery.at),
      day: moment(delivery.at, this.#clock.now()),
      type: delivery.type === 'test' ? 'Test' : delivery.type,
      outcome: outcomeWords(delivery),
      failed: delivery.outcome !== 'delivered',
      took: took(delivery.tookMs),
    })),
  );
  /** Of answers that come out of order the one that was asked for last counts. */
  #asked = 0;

  constructor() {
    readWhileSeen({
      needs: 'integrations:manage',
      everyMs: READ_EVERY_MS,
      read: () => this.#read(),
      forget: () => {
        this.#asked += 1;
        this.remote.set({ state: 'loading' });
      },
    });
  }

  async #read(): Promise<void> {
    const turn = (this.#asked += 1);
    const answer = await this.#api.call(routes.readDeliveries, { params: { webhookId: this.webhookId() } });
    if (turn !== this.#asked) return;
    if (answer.ok) this.remote.update((before) => ({ state: 'ready', value: renewed(lastOf(before), answer.value) }));
    else if (answer.failure.code === 'outage') this.remote.update(lost);
    else this.remote.set({ state: 'refused', words: answer.failure.words });
  }

  protected async askOlder(): Promise<void> {
    const last = lastOf(this.remote())?.deliveries.at(-1);
    if (last === undefined || this.asking()) return;
    this.asking.set(true);
    const answer = await this.#api.call(routes.readDeliveries, {
      params: { webhookId: this.webhookId() },
      query: { before: last.n },
    });
    this.asking.set(false);
    this.problem.set(answer.ok ? undefined : answer.failure.words);
    if (!answer.ok) return;
    this.remote.update((remote) => {
      const before = lastOf(remote);
      // What was read meanwhile may end elsewhere; then this page does not follow on it.
      return before?.deliveries.at(-1)?.n === last.n ? { state: 'ready', value: grown(before, answer.value) } : remote;
    });
  }
}
