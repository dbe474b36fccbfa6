import { Dialog, type DialogConfig } from '@angular/cdk/dialog';
import { inject, Service } from '@angular/core';
import { firstValueFrom } from 'rxjs';
import type { SpreadSubject } from '../models/spread-model.js';
import type { SettingsSubject } from './executor-settings.js';

const look: DialogConfig = {
  panelClass: 'dialog',
  backdropClass: 'veil',
  ariaModal: true,
  autoFocus: 'h1',
  restoreFocus: true,
  // Typed input is not lost to a slip of the mouse: Escape and Cancel close it, the backdrop does not.
  disableClose: true,
};

/** The dialogs about executors. Each is loaded when it is first asked for, and resolves when it closes. */
@Service()
export class ExecutorDialogs {
  readonly #dialog = inject(Dialog);

  async settings(subject: SettingsSubject): Promise<void> {
    const { ExecutorSettings } = await import('./executor-settings.js');
    await firstValueFrom(
      this.#dialog.open(ExecutorSettings, {
        ...(look as object),
        ariaLabelledBy: 'executor-settings-title',
        data: subject,
      }).closed,
    );
  }

  /** Starts or stops a model on several nodes. */
  async spread(subject: SpreadSubject): Promise<void> {
    const { SpreadModel } = await import('../models/spread-model.js');
    await firstValueFrom(
      this.#dialog.open(SpreadModel, { ...(look as object), ariaLabelledBy: 'spread-model-title', data: subject })
        .closed,
    );
  }
}
