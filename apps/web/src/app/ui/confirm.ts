import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, inject, signal } from '@angular/core';
import type { Outcome } from '../api/outcome.js';

/** What is asked before something that is not easily taken back. */
export interface Question {
  /** As in "Delete otter?" */
  readonly title: string;
  /** What follows from it, a paragraph each. */
  readonly words: readonly string[];
  /** The button that leaves everything as it is. */
  readonly keep: string;
  /** The button that does it, and its words while it is being done. */
  readonly go: string;
  readonly going: string;
  /** Does it. `commandId` stays the same however often it is tried, so that it is done once. */
  act(commandId: string): Promise<Outcome<unknown>>;
}

/** Asks, does it, and says beside the button what went wrong. Closes with true when it was done. */
@Component({
  selector: 'app-confirm',
  template: `
    <div class="dialog-head">
      <h1 id="question-title" tabindex="-1">{{ question.title }}</h1>
    </div>
    <div class="dialog-body">
      @for (words of question.words; track words) {
        <p>{{ words }}</p>
      }
      @if (problem(); as words) {
        <p class="wrong" role="alert">{{ words }}</p>
      }
    </div>
    <div class="dialog-foot">
      <span class="grow"></span>
      <button type="button" (click)="close(false)">{{ question.keep }}</button>
      <button type="button" class="danger" [disabled]="busy()" (click)="go()">
        {{ busy() ? question.going : question.go }}
      </button>
    </div>
  `,
})
export class Confirm {
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);
  readonly #commandId = crypto.randomUUID();
  protected readonly question = inject<Question>(DIALOG_DATA);
  protected readonly busy = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);

  protected async go(): Promise<void> {
    this.busy.set(true);
    const answer = await this.question.act(this.#commandId);
    this.busy.set(false);
    if (answer.ok) this.close(true);
    else this.problem.set(answer.failure.words);
  }

  protected close(done: boolean): void {
    this.#dialog.close(done);
  }
}
