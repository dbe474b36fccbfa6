import { Dialog, type DialogConfig } from '@angular/cdk/dialog';
import { inject, Service, type Type } from '@angular/core';
import { firstValueFrom } from 'rxjs';
import type { Outcome } from '../api/outcome.js';
import type { Question } from './confirm.js';

const look: DialogConfig = {
  panelClass: 'dialog',
  backdropClass: 'veil',
  ariaModal: true,
  autoFocus: 'h1',
  restoreFocus: true,
};

/** How every dialog of the console opens. Each resolves with its result when it closes, undefined when it was left. */
@Service()
export class Dialogs {
  readonly #dialog = inject(Dialog);

  /** A dialog to be read. `titleId` is the id of its heading, which names it. */
  show<Result>(component: Type<unknown>, titleId: string, data?: unknown): Promise<Result | undefined> {
    return this.#open(component, titleId, data, {});
  }

  /**
   * A dialog to be typed into, which is not lost to a slip of the mouse: Escape and Cancel close it, the backdrop does not. It
   * begins at its first field, or at its heading where there is something to read before.
   */
  fill<Result>(
    component: Type<unknown>,
    titleId: string,
    data?: unknown,
    begin: 'input' | 'h1' = 'input',
  ): Promise<Result | undefined> {
    return this.#open(component, titleId, data, { autoFocus: begin, disableClose: true });
  }

  /** Asks before something that is not easily taken back. True when it was done. */
  async ask(question: Question): Promise<boolean> {
    const { Confirm } = await import('./confirm.js');
    return (await this.#open<boolean>(Confirm, 'question-title', question, { role: 'alertdialog' })) === true;
  }

  /**
   * Asks as `ask`, and gives what was made. Also when the dialog was left while it was being made: what is shown only once must not be
   * lost to a slip of the finger.
   */
  async askToMake<Made>(
    question: Omit<Question, 'act'> & { act(commandId: string): Promise<Outcome<Made>> },
  ): Promise<Made | undefined> {
    let making: Promise<Outcome<Made>> | undefined;
    await this.ask({ ...question, act: (commandId) => (making = question.act(commandId)) });
    const answer = await making;
    return answer?.ok === true ? answer.value : undefined;
  }

  #open<Result>(
    component: Type<unknown>,
    ariaLabelledBy: string,
    data: unknown,
    more: DialogConfig,
  ): Promise<Result | undefined> {
    const config = { ...(look as object), ...(more as object), ariaLabelledBy, data };
    return firstValueFrom(this.#dialog.open<Result>(component, config).closed);
  }
}
