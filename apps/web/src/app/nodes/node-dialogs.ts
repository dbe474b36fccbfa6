import { Dialog, type DialogConfig } from '@angular/cdk/dialog';
import { inject, Service, type Type } from '@angular/core';
import type { NodeView } from '@muster/contracts';
import { firstValueFrom } from 'rxjs';

const look: DialogConfig = {
  panelClass: 'dialog',
  backdropClass: 'veil',
  ariaModal: true,
  autoFocus: 'h1',
  restoreFocus: true,
};

/** The dialogs about nodes. Each is loaded when it is first asked for, and resolves with its result when it closes. */
@Service()
export class NodeDialogs {
  readonly #dialog = inject(Dialog);

  async newNode(): Promise<void> {
    const { NewNode } = await import('./dialogs/new-node.js');
    // Typed input is not lost to a slip of the mouse: Escape and Cancel close it, the backdrop does not.
    await this.#open(NewNode, 'new-node-title', undefined, { autoFocus: 'input', disableClose: true });
  }

  async editNode(node: NodeView): Promise<void> {
    const { EditNode } = await import('./dialogs/edit-node.js');
    await this.#open(EditNode, 'edit-node-title', node, { autoFocus: 'input', disableClose: true });
  }

  async acceptCertificate(node: NodeView): Promise<void> {
    const { AcceptCertificate } = await import('./dialogs/accept-certificate.js');
    await this.#open(AcceptCertificate, 'accept-certificate-title', node);
  }

  /** True when the node was deleted. */
  async deleteNode(node: NodeView): Promise<boolean> {
    const { DeleteNode } = await import('./dialogs/delete-node.js');
    return (await this.#open<boolean>(DeleteNode, 'delete-node-title', node, { role: 'alertdialog' })) === true;
  }

  #open<Result>(
    component: Type<unknown>,
    ariaLabelledBy: string,
    data: NodeView | undefined,
    more: DialogConfig = {},
  ): Promise<Result | undefined> {
    return firstValueFrom(
      this.#dialog.open<Result>(component, { ...(look as object), ...(more as object), ariaLabelledBy, data }).closed,
    );
  }
}
