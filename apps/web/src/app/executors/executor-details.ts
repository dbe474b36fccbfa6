import { Component, computed, effect, inject, input, signal } from '@angular/core';
import type { Executor, ExecutorSample, LastLines } from '@muster/contracts';
import type * as z from 'zod/mini';
import { Clock } from '../live/clock.js';
import { count, memory, moment, timeOfDay, uptime } from '../ui/format.js';
import { ExecutorOrders } from './executor-orders.js';
import { endWords } from './executor-words.js';
import { type LastOrder, LastOrders, orderWords } from './last-order.js';

type Lines = z.output<typeof LastLines>;

const engines: Record<Executor['engine'], string> = {
  'built-in': 'Built in (llama.cpp)',
  'llama-server': 'llama-server',
  external: 'Runs there by itself',
};

/** All that is known of one executor: its figures since the node started, what it is set to, and how its last run ended. */
@Component({
  selector: 'app-executor-details',
  template: `
    <dl>
      @for (fact of facts(); track fact.name) {
        <div>
          <dt>{{ fact.name }}</dt>
          <dd class="num">{{ fact.words }}</dd>
        </div>
      }
    </dl>
    @if (lines(); as last) {
      @if (last.failure || last.lines.length > 0) {
        <section [attr.aria-label]="'Last lines of ' + executor().model">
          <p class="sub">
            The last lines of the run that ended{{ last.endedAt ? ' ' + moment(last.endedAt, clock.now()) : '' }}
          </p>
          <ol class="lines" tabindex="0" role="group" aria-label="Last lines">
            @for (line of last.lines; track $index) {
              <li>
                <span class="time">{{ timeOfDay(line.at) }}</span> <span [textContent]="line.message"></span>
              </li>
            } @empty {
              <li class="sub">It wrote nothing.</li>
            }
          </ol>
        </section>
      }
    }
    @if (problem(); as words) {
      <p class="wrong" role="alert">{{ words }}</p>
    }
  `,
  styles: `
    :host {
      display: grid;
      gap: 12px;
      padding: 4px 18px 16px;
    }
    dl {
      display: grid;
      grid-template-columns: repeat(auto-fill, minmax(170px, 1fr));
      gap: 10px 18px;
      margin: 0;
    }
    dt {
      color: var(--ink-3);
      font-size: 12px;
    }
    dd {
      margin: 0;
      overflow-wrap: anywhere;
    }
    .lines {
      max-height: 260px;
      margin: 6px 0 0;
      padding: 8px 12px;
      overflow: auto;
      list-style: none;
      font: 12.5px/1.7 var(--mono);
      font-variant-ligatures: none;
      background: var(--bg);
      border: 1px solid var(--line);
      border-radius: 8px;
      white-space: pre-wrap;
      overflow-wrap: anywhere;
    }
    .time {
      color: var(--ink-3);
    }
  `,
})
export class ExecutorDetails {
  readonly nodeId = input.required<string>();
  readonly executor = input.required<Executor>();
  readonly sample = input.required<ExecutorSample | undefined>();

  readonly #orders = inject(ExecutorOrders);
  readonly #lastOrders = inject(LastOrders);
  protected readonly clock = inject(Clock);
  protected readonly timeOfDay = timeOfDay;
  protected readonly moment = moment;
  protected readonly lines = signal<Lines | undefined>(undefined);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly ordered = signal<LastOrder | undefined>(undefined);

  readonly #executorId = computed(() => this.executor().executorId);
  /** Another one when a run has ended: its lines are read anew. */
  readonly #ended = computed(() => {
    const { state, failure, restarts } = this.executor();
    return `${state === 'failed'} ${failure === undefined ? '' : endWords(failure)} ${restarts}`;
  });

  protected readonly facts = computed(() => {
    const { engine, startedAt, restarts, parameters, state, enabled, managed } = this.executor();
    const order = this.ordered();
    const sample = this.sample();
    const upMs = startedAt === undefined ? undefined : this.clock.now() - Date.parse(startedAt);
    const known: readonly (readonly [string, string | undefined])[] = [
      ['Engine', engines[engine]],
      ['Wanted', managed ? (enabled ? 'Yes' : 'No') : 'Not ours to start or stop'],
      ['Last order', order && `${orderWords(order)}, ${moment(order.at, this.clock.now())}`],
      ['Running for', state === 'online' && upMs !== undefined ? uptime(upMs) : undefined],
      ['Started again by itself', restarts === 0 ? 'Never' : restarts === 1 ? 'Once' : `${restarts} times`],
      ['Requests', sample && count(sample.requests, 'request')],
      ['Errors', sample && count(sample.errors, 'error')],
      ['Queued', sample && String(sample.queued)],
      ['Memory', sample?.memoryBytes === undefined ? undefined : memory(sample.memoryBytes)],
      ['Graphics memory', sample?.vramBytes === undefined ? undefined : memory(sample.vramBytes)],
      ['Slots', parameters && String(parameters.slots)],
      ['GPU layers', parameters && String(parameters.gpuLayers)],
      ['Threads', parameters && String(parameters.threads)],
      [
        'Unloads when idle',
        parameters && (parameters.idleUnloadMinutes === 0 ? 'Never' : `After ${parameters.idleUnloadMinutes} min`),
      ],
      ['Starts with the node', parameters && (parameters.autostart ? 'Yes' : 'No')],
      ['Description', parameters?.description || undefined],
    ];
    return known.flatMap(([name, words]) => (words === undefined ? [] : [{ name, words }]));
  });

  /** Another one when something may have been ordered. */
  readonly #asked = computed(() => {
    const { state, enabled, parameters } = this.executor();
    return JSON.stringify([state, enabled, parameters]);
  });

  constructor() {
    effect(() => {
      const [nodeId, executorId] = [this.nodeId(), this.#executorId()];
      this.#asked();
      void this.#lastOrders.of(nodeId, executorId).then((order) => this.ordered.set(order));
    });
    effect(() => {
      const [nodeId, executorId] = [this.nodeId(), this.#executorId()];
      this.#ended();
      void this.#read(nodeId, executorId);
    });
  }

  async #read(nodeId: string, executorId: string): Promise<void> {
    const answer = await this.#orders.lastLines(nodeId, executorId);
    // A node that is away keeps what was read of it before.
    if (answer.ok) this.lines.set(answer.value);
    else if (answer.failure.code !== 'executor-unknown') this.problem.set(answer.failure.words);
    if (answer.ok) this.problem.set(undefined);
  }
}
