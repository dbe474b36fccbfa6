import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, inject, signal } from '@angular/core';
import { type NodeView, routes } from '@muster/contracts';
import { Api } from '../../api/api.js';

/** Asks before a node is deleted, and says what stays. */
@Component({
  selector: 'app-delete-node',
  template: `
    <div class="dialog-head">
      <h1 id="delete-node-title" tabindex="-1">Delete {{ node.name }}?</h1>
    </div>
    <div class="dialog-body">
      <p>
        Muster ends the link and forgets the address and the certificate. What happened to the node stays in the
        history, and nothing changes on the machine itself: its models, its log and its access key stay where they are.
      </p>
      <p>You can add the machine again at any time. It then counts as a new node.</p>
      @if (problem(); as words) {
        <p class="wrong" role="alert">{{ words }}</p>
      }
    </div>
    <div class="dialog-foot">
      <span class="grow"></span>
      <button type="button" (click)="close(false)">Keep it</button>
      <button type="button" class="danger" [disabled]="deleting()" (click)="remove()">
        {{ deleting() ? 'Deleting…' : 'Delete' }}
      </button>
    </div>
  `,
})
export class DeleteNode {
  readonly #api = inject(Api);
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);
  protected readonly node = inject<NodeView>(DIALOG_DATA);
  readonly #commandId = crypto.randomUUID();

  protected readonly deleting = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);

  protected async remove(): Promise<void> {
    this.deleting.set(true);
    const answer = await this.#api.call(routes.removeNode, {
      params: { nodeId: this.node.nodeId },
      commandId: this.#commandId,
    });
    this.deleting.set(false);
    // Somebody else was faster: it is gone all the same.
    if (answer.ok || answer.failure.code === 'node-removed' || answer.failure.code === 'node-unknown') this.close(true);
    else this.problem.set(answer.failure.words);
  }

  protected close(deleted: boolean): void {
    this.#dialog.close(deleted);
  }
}
