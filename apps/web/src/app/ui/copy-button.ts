import { Clipboard } from '@angular/cdk/clipboard';
import { Component, DestroyRef, inject, input, signal } from '@angular/core';

/** Copies a text and says so for a moment. */
@Component({
  selector: 'app-copy-button',
  template: `<button type="button" class="ghost" (click)="copy()" [attr.aria-label]="'Copy ' + what()">
      {{ done() ?? 'Copy' }}</button
    ><span class="unseen" role="status">{{ done() }}</span>`,
})
export class CopyButton {
  readonly #clipboard = inject(Clipboard);
  /** The text, or how to get it. Undefined when it could not be had, and then nothing is copied. */
  readonly text = input.required<string | (() => Promise<string | undefined>)>();
  readonly what = input.required<string>();
  protected readonly done = signal<string | undefined>(undefined);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    inject(DestroyRef).onDestroy(() => clearTimeout(this.#timer));
  }

  protected async copy(): Promise<void> {
    const given = this.text();
    const text = typeof given === 'string' ? given : await given();
    if (text === undefined) return;
    this.done.set(this.#clipboard.copy(text) ? 'Copied' : 'Not copied');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.done.set(undefined), 2_000);
  }
}
