import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, computed, inject, signal } from '@angular/core';
import { ExecutorOrders } from '../executors/executor-orders.js';
import { StatusDot } from '../ui/status-dot.js';
import { canStart, canStop, type ModelPlace, type ModelRow } from './model-rows.js';

export interface SpreadSubject {
  readonly order: 'start' | 'stop';
  readonly row: ModelRow;
}

type Outcome = { readonly state: 'asked' | 'done' } | { readonly state: 'refused'; readonly words: string };

/** Starts or stops a model on the nodes that are ticked, and shows what came of each. */
@Component({
  selector: 'app-spread-model',
  imports: [StatusDot],
  template: `
    <div class="dialog-head">
      <h1 id="spread-model-title" tabindex="-1">{{ verb }} {{ subject.row.name }} on…</h1>
    </div>
    <div class="dialog-body">
      <fieldset>
        <legend class="unseen">Nodes</legend>
        @for (place of places; track place.node.nodeId) {
          @let outcome = outcomes().get(place.node.nodeId);
          <label class="tick">
            <input
              type="checkbox"
              [checked]="chosen().has(place.node.nodeId)"
              [disabled]="busy() || outcome?.state === 'done'"
              (change)="toggle(place.node.nodeId)"
            />
            <app-status-dot [colour]="place.node.status.colour" />
            <span>{{ place.node.name }}</span>
            <span class="grow"></span>
            @if (outcome) {
              <span [class]="outcome.state === 'refused' ? 'wrong' : 'sub'" role="status">{{
                outcome.state === 'refused' ? outcome.words : outcome.state === 'done' ? 'Ordered' : 'Ordering…'
              }}</span>
            }
          </label>
        } @empty {
          <p>No node that is linked can {{ verb.toLowerCase() }} it right now.</p>
        }
      </fieldset>
      @if (subject.order === 'start' && places.length > 0) {
        <p class="sub">
          Started with the parameters that it has there, or those as shipped. Whether it fits is shown on the page of
          each node.
        </p>
      }
    </div>
    <div class="dialog-foot">
      <button type="button" class="ghost" (click)="close()">{{ isOver() ? 'Close' : 'Cancel' }}</button>
      <span class="grow"></span>
      @if (!isOver() && places.length > 0) {
        <button type="button" class="primary" [disabled]="busy() || left().length === 0" (click)="give()">
          {{ busy() ? 'Ordering…' : verb + ' on ' + (left().length === 1 ? '1 node' : left().length + ' nodes') }}
        </button>
      }
    </div>
  `,
  styles: `
    fieldset {
      display: grid;
      gap: 2px;
      margin: 0;
      padding: 0;
      border: 0;
    }
    .tick {
      display: flex;
      gap: 10px;
      align-items: center;
      padding: 8px 0;
    }
  `,
  host: { '(keydown.escape)': 'close()' },
})
export class SpreadModel {
  readonly #orders = inject(ExecutorOrders);
  readonly #dialog = inject(DialogRef);
  protected readonly subject = inject<SpreadSubject>(DIALOG_DATA);

  protected readonly verb = this.subject.order === 'start' ? 'Start' : 'Stop';
  /** As it was when the dialog opened: what is ticked does not move under the hand. */
  protected readonly places = this.subject.row.places.filter(this.subject.order === 'start' ? canStart : canStop);
  protected readonly chosen = signal<ReadonlySet<string>>(
    new Set(this.places.length === 1 ? this.places.map(({ node }) => node.nodeId) : []),
  );
  protected readonly outcomes = signal<ReadonlyMap<string, Outcome>>(new Map());
  protected readonly busy = signal(false);
  protected readonly left = computed(() =>
    this.places.filter(
      ({ node: { nodeId } }) => this.chosen().has(nodeId) && this.outcomes().get(nodeId)?.state !== 'done',
    ),
  );
  protected readonly isOver = computed(
    () =>
      !this.busy() && this.outcomes().size > 0 && [...this.outcomes().values()].every(({ state }) => state === 'done'),
  );

  protected toggle(nodeId: string): void {
    this.chosen.update((chosen) => {
      const next = new Set(chosen);
      if (!next.delete(nodeId)) next.add(nodeId);
      return next;
    });
  }

  protected async give(): Promise<void> {
    this.busy.set(true);
    // Each on its own: one that refuses stops no other.
    await Promise.all(this.left().map((place) => this.#giveTo(place)));
    this.busy.set(false);
  }

  async #giveTo({ node: { nodeId }, model, executor }: ModelPlace): Promise<void> {
    const tell = (outcome: Outcome) => this.outcomes.update((outcomes) => new Map(outcomes).set(nodeId, outcome));
    tell({ state: 'asked' });
    const answer =
      executor === undefined
        ? await this.#orders.startModel(nodeId, model.modelId, undefined)
        : await this.#orders.act(this.subject.order === 'start' ? 'start' : 'stop', nodeId, executor.executorId);
    tell(answer.ok ? { state: 'done' } : { state: 'refused', words: answer.failure.words });
  }

  protected close(): void {
    this.#dialog.close();
  }
}
