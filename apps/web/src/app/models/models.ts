import { Component, computed, inject, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { ExecutorDialogs } from '../executors/executor-dialogs.js';
import { Fleet } from '../live/fleet.js';
import { Session } from '../session/session.js';
import { memory } from '../ui/format.js';
import { Slash } from '../ui/shortcut.js';
import { StatusDot } from '../ui/status-dot.js';
import { wordsOf } from '../executors/executor-words.js';
import { FleetModels } from './fleet-models.js';
import { canStart, canStop, isOnline, matches, type ModelPlace, type ModelRow, modelRows } from './model-rows.js';

/** What the fleet can serve: every model, where it runs and where else it lies. */
@Component({
  selector: 'app-models',
  imports: [RouterLink, Slash, StatusDot],
  providers: [FleetModels],
  templateUrl: './models.html',
  styleUrl: './models.css',
})
export class Models {
  readonly #fleet = inject(Fleet);
  readonly #session = inject(Session);
  protected readonly dialogs = inject(ExecutorDialogs);
  protected readonly models = inject(FleetModels);

  protected readonly text = signal('');
  protected readonly may = computed(() => this.#session.may('executors:manage'));
  readonly #all = computed(() => {
    const [models, fleet] = [this.models.last(), this.#fleet.last()];
    return models && fleet && modelRows(models, fleet.nodes);
  });
  protected readonly isKnown = computed(() => this.#all() !== undefined);
  protected readonly count = computed(() => this.#all()?.rows.length ?? 0);
  protected readonly rows = computed(() =>
    (this.#all()?.rows ?? [])
      .filter((row) => matches(row, this.text()))
      .map((row) => ({
        row,
        running: row.places.filter(({ executor }) => executor !== undefined && executor.state !== 'offline'),
        also: row.places.filter(({ executor }) => executor === undefined || executor.state === 'offline'),
        inFlight: row.places.filter(isOnline).reduce((sum, { executor }) => sum + (executor?.inFlight ?? 0), 0),
        isOnline: row.places.some(isOnline),
        tokens: this.#tokensOf(row),
        startable: row.places.some(canStart),
        stoppable: row.places.some(canStop),
      })),
  );
  protected readonly broken = computed(() => this.#all()?.broken ?? []);

  protected readonly memory = memory;
  protected readonly wordsOf = wordsOf;

  /** Of all nodes together; undefined when none of them tells. */
  #tokensOf({ places }: ModelRow): number | undefined {
    const loads = this.#fleet.last()?.loads ?? {};
    const known = places.flatMap(({ node, executor }: ModelPlace) => {
      const tokens = executor && loads[node.nodeId]?.tokensPerSecond?.[executor.executorId];
      return tokens ?? [];
    });
    return known.length === 0 ? undefined : Math.round(known.reduce((sum, tokens) => sum + tokens, 0));
  }
}
