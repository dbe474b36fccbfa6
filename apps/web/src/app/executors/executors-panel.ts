import { Component, computed, inject, input, signal } from '@angular/core';
import {
  estimateExecutor,
  executorDefaults,
  ExecutorParameters,
  freeMemory,
  type NodeSample,
  type NodeView,
} from '@muster/contracts';
import { FleetModels } from '../models/fleet-models.js';
import { Session } from '../session/session.js';
import { memory } from '../ui/format.js';
import { StatusDot } from '../ui/status-dot.js';
import { ExecutorDetails } from './executor-details.js';
import { ExecutorDialogs } from './executor-dialogs.js';
import { ExecutorOrders } from './executor-orders.js';
import { type ExecutorRow, onlineWords, rowsOf } from './executor-rows.js';
import { actionsOf, actionWords, type ExecutorAction, wordsOf } from './executor-words.js';

/** The models of a node and the executors that serve them: how each is and why, what it does, and what can be ordered. */
@Component({
  selector: 'app-executors-panel',
  imports: [ExecutorDetails, StatusDot],
  templateUrl: './executors-panel.html',
  styleUrl: './executors-panel.css',
  host: { class: 'card' },
})
export class ExecutorsPanel {
  readonly node = input.required<NodeView>();
  /** The newest sample of the node, when it is live. */
  readonly sample = input.required<NodeSample | undefined>();
  readonly tokensPerSecond = input.required<Readonly<Record<string, number>>>();

  readonly #models = inject(FleetModels);
  readonly #orders = inject(ExecutorOrders);
  readonly #dialogs = inject(ExecutorDialogs);
  readonly #session = inject(Session);

  protected readonly may = computed(() => this.#session.may('executors:manage'));
  protected readonly told = computed(() => this.#models.last()?.get(this.node().nodeId));
  protected readonly rows = computed(() => rowsOf(this.told()?.models ?? [], this.node().executors));
  protected readonly summary = computed(() => onlineWords(this.rows()));
  protected readonly isLinked = computed(() => this.node().link?.phase === 'up');
  protected readonly open = signal<ReadonlySet<string>>(new Set());
  /** Rows that an order is on its way for, and what the last one was refused with. */
  protected readonly busy = signal<ReadonlySet<string>>(new Set());
  protected readonly problems = signal<ReadonlyMap<string, string>>(new Map());

  protected readonly wordsOf = wordsOf;
  protected readonly actionsOf = actionsOf;
  protected readonly actionWords = actionWords;
  protected readonly memory = memory;

  protected sampleOf({ executor }: ExecutorRow) {
    return this.sample()?.measurement.executors?.find(({ executorId }) => executorId === executor?.executorId);
  }

  protected contextOf({ executor, model }: ExecutorRow): string {
    const tokens = executor?.contextTokens ?? executor?.parameters?.contextTokens ?? model?.contextLength;
    return tokens === undefined ? '–' : tokens.toLocaleString('en-GB');
  }

  protected tokensOf({ executor }: ExecutorRow): string {
    const tokens = executor && this.tokensPerSecond()[executor.executorId];
    return tokens === undefined ? '–' : tokens < 10 ? tokens.toFixed(1) : String(Math.round(tokens));
  }

  protected toggle({ key }: ExecutorRow): void {
    this.open.update((open) => {
      const next = new Set(open);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  }

  protected settings(row: ExecutorRow): void {
    const { model, executor } = row;
    void this.#dialogs.settings({ node: this.node(), model, executor, sample: this.sample() });
  }

  /** A model that fits is started as it is; one that does not, or is tight, is shown with its figures first. */
  protected async start(row: ExecutorRow): Promise<void> {
    const { model } = row;
    if (model === undefined) return;
    const { hardware } = this.node();
    const parameters = ExecutorParameters.parse(executorDefaults);
    const free = hardware && freeMemory(hardware, this.sample()?.measurement);
    const verdict = free && estimateExecutor(model, parameters, free)?.verdict;
    if (verdict === 'does-not-fit' || verdict === 'partly' || verdict === 'tight') return this.settings(row);
    await this.#order(row, () => this.#orders.startModel(this.node().nodeId, model.modelId, undefined));
  }

  protected async act(row: ExecutorRow, action: ExecutorAction): Promise<void> {
    const { executor } = row;
    if (executor === undefined) return;
    await this.#order(row, () => this.#orders.act(action, this.node().nodeId, executor.executorId));
  }

  async #order({ key }: ExecutorRow, give: () => ReturnType<ExecutorOrders['act']>): Promise<void> {
    this.busy.update((busy) => new Set(busy).add(key));
    const answer = await give();
    this.busy.update((busy) => new Set([...busy].filter((each) => each !== key)));
    this.problems.update((problems) => {
      const next = new Map(problems);
      if (answer.ok) next.delete(key);
      else next.set(key, answer.failure.words);
      return next;
    });
  }
}
