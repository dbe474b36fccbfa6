import { DialogRef } from '@angular/cdk/dialog';
import { Component, computed, inject, signal } from '@angular/core';
import { lastOf } from '../live/remote.js';
import { KeyHoldersOfFleet } from './key-holders.js';
import { SettingsStore } from './settings-store.js';

/** Asks before the former access key is given up, and names the nodes that it costs. */
@Component({
  selector: 'app-end-rotation',
  template: `
    <div class="dialog-head"><h1 id="end-rotation-title" tabindex="-1">End the rotation now?</h1></div>
    <div class="dialog-body">
      @if (former(); as names) {
        <p>
          These nodes have the former key alone and turn red with <b>Access key refused</b> until they are given the new
          one: <b>{{ names }}</b>.
        </p>
      } @else {
        <p>No node that is linked has the former key alone.</p>
      }
      @if (unknown(); as names) {
        <p>
          Not linked, so it is not known which key they have: <b>{{ names }}</b>.
        </p>
      }
      <p>From then on the former key is worth nothing.</p>
      @if (problem(); as words) {
        <p class="wrong" role="alert">{{ words }}</p>
      }
    </div>
    <div class="dialog-foot">
      <span class="grow"></span>
      <button type="button" (click)="close(false)">Go on with both</button>
      <button type="button" class="danger" [disabled]="ending()" (click)="end()">
        {{ ending() ? 'Ending…' : 'End rotation' }}
      </button>
    </div>
  `,
})
export class EndRotation {
  readonly #store = inject(SettingsStore);
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);
  readonly #holders = inject(KeyHoldersOfFleet);
  #commandId = crypto.randomUUID();

  protected readonly former = computed(() => this.#holders.holders()?.former.join(', ') ?? '');
  protected readonly unknown = computed(() => this.#holders.holders()?.unknown.join(', ') ?? '');
  protected readonly ending = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);

  protected async end(): Promise<void> {
    const settings = lastOf(this.#store.view());
    // It ended by itself while it was asked about.
    if (settings?.rotation === undefined) return this.close(true);
    this.ending.set(true);
    const answer = await this.#store.endRotation(settings.version, this.#commandId);
    this.ending.set(false);
    if (answer.ok) return this.close(true);
    if (answer.failure.code !== 'outage') this.#commandId = crypto.randomUUID();
    this.problem.set(answer.failure.words);
  }

  protected close(ended: boolean): void {
    this.#dialog.close(ended);
  }
}
