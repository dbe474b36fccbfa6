import { inject, Service } from '@angular/core';
import type { SpreadSubject } from '../models/spread-model.js';
import { Dialogs } from '../ui/dialogs.js';
import type { SettingsSubject } from './executor-settings.js';

/** The dialogs about executors. Each is loaded when it is first asked for, and resolves when it closes. */
@Service()
export class ExecutorDialogs {
  readonly #dialogs = inject(Dialogs);

  async settings(subject: SettingsSubject): Promise<void> {
    const { ExecutorSettings } = await import('./executor-settings.js');
    await this.#dialogs.fill(ExecutorSettings, 'executor-settings-title', subject, 'h1');
  }

  /** Starts or stops a model on several nodes. */
  async spread(subject: SpreadSubject): Promise<void> {
    const { SpreadModel } = await import('../models/spread-model.js');
    await this.#dialogs.fill(SpreadModel, 'spread-model-title', subject, 'h1');
  }
}
