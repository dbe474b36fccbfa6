import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, computed, inject, signal } from '@angular/core';
import { FormRoot } from '@angular/forms/signals';
import {
  type Executor,
  executorDefaults,
  ExecutorParameters,
  freeMemory,
  type Model,
  needsRestart,
  type NodeSample,
  type NodeView,
} from '@muster/contracts';
import { ExecutorOrders } from './executor-orders.js';
import { MemoryEstimateWords } from './memory-estimate.js';
import { changesBetween, parametersForm, ParametersForm, parametersOf, textsOf } from './parameters-form.js';

export interface SettingsSubject {
  readonly node: NodeView;
  readonly model: Model | undefined;
  readonly executor: Executor | undefined;
  readonly sample: NodeSample | undefined;
}

/** The parameters of an executor, or of one that is to be: with what a start would take of the node's memory. */
@Component({
  selector: 'app-executor-settings',
  imports: [FormRoot, MemoryEstimateWords, ParametersForm],
  template: `
    <div class="dialog-head">
      <h1 id="executor-settings-title" tabindex="-1">
        {{ isNew ? 'Start ' + name + ' on ' + subject.node.name : name + ' on ' + subject.node.name }}
      </h1>
    </div>
    <form [formRoot]="form">
      <div class="dialog-body">
        @if (subject.model; as model) {
          <section class="estimate" aria-label="Memory" aria-live="polite">
            @if (parameters(); as parameters) {
              <app-memory-estimate [model]="model" [parameters]="parameters" [free]="free" />
            }
          </section>
        }
        <app-parameters-form
          [of]="form"
          [hasGpu]="(subject.node.hardware?.gpus?.length ?? 0) > 0"
          [modelContext]="subject.model?.contextLength"
        />
        @if (restarts()) {
          <p class="banner">What you change holds from the next start on. Save and restart it now, or do so later.</p>
        }
        @if (problem(); as words) {
          <p class="wrong" role="alert">{{ words }}</p>
        }
      </div>
      <div class="dialog-foot">
        <button type="button" class="ghost" (click)="close()">Cancel</button>
        <span class="grow"></span>
        @if (isNew) {
          <button type="submit" class="primary" [disabled]="busy()">{{ busy() ? 'Starting…' : 'Start' }}</button>
        } @else {
          @if (restarts()) {
            <button type="button" [disabled]="busy() || parameters() === undefined" (click)="save(true)">
              Save and restart
            </button>
          }
          <button type="submit" class="primary" [disabled]="busy()">{{ busy() ? 'Saving…' : 'Save' }}</button>
        }
      </div>
    </form>
  `,
  styles: `
    .estimate {
      display: grid;
      gap: 8px;
    }
    .banner {
      margin: 0;
    }
  `,
  host: { '(keydown.escape)': 'close()' },
})
export class ExecutorSettings {
  readonly #orders = inject(ExecutorOrders);
  readonly #dialog = inject(DialogRef);
  protected readonly subject = inject<SettingsSubject>(DIALOG_DATA);
  readonly #commandId = crypto.randomUUID();

  protected readonly isNew = this.subject.executor === undefined;
  protected readonly name = this.subject.executor?.model ?? this.subject.model?.name ?? '';
  readonly #before = this.subject.executor?.parameters ?? ExecutorParameters.parse(executorDefaults);
  readonly #texts = signal(textsOf(this.#before));
  protected readonly form = parametersForm(this.#texts, () => this.save(false));
  protected readonly parameters = computed(() => parametersOf(this.#texts()));
  protected readonly busy = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);

  /** What is free once the executor that is there has given back what it holds. */
  protected readonly free = (() => {
    const { node, sample, executor } = this.subject;
    if (node.hardware === undefined) return { gpus: [] };
    const held = sample?.measurement.executors?.find(({ executorId }) => executorId === executor?.executorId);
    return freeMemory(node.hardware, sample?.measurement, {
      ...(held?.memoryBytes !== undefined && { memoryBytes: held.memoryBytes }),
      ...(held?.vramBytes !== undefined && { vramBytes: held.vramBytes }),
    });
  })();

  protected readonly restarts = computed(() => {
    const wanted = this.parameters();
    const state = this.subject.executor?.state;
    const runs = state === 'online' || state === 'starting';
    return runs && wanted !== undefined && needsRestart(this.#before, wanted);
  });

  protected async save(restart: boolean): Promise<void> {
    const wanted = this.parameters();
    if (wanted === undefined || this.busy()) return;
    const { node, model, executor } = this.subject;
    this.busy.set(true);
    this.problem.set(undefined);
    const answer =
      executor === undefined
        ? await this.#orders.startModel(node.nodeId, model?.modelId ?? '', wanted, this.#commandId)
        : await this.#orders.configure(
            node.nodeId,
            executor.executorId,
            changesBetween(this.#before, wanted),
            crypto.randomUUID(),
          );
    const restarted =
      restart && executor !== undefined && answer.ok
        ? await this.#orders.act('restart', node.nodeId, executor.executorId)
        : answer;
    this.busy.set(false);
    if (restarted.ok) this.close();
    else this.problem.set(restarted.failure.words);
  }

  protected close(): void {
    this.#dialog.close();
  }
}
