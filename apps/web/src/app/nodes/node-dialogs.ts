import { inject, Service } from '@angular/core';
import { type NodeView, routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import { doneIf } from '../api/outcome.js';
import { Dialogs } from '../ui/dialogs.js';

/** The dialogs about nodes. Each is loaded when it is first asked for, and resolves with its result when it closes. */
@Service()
export class NodeDialogs {
  readonly #dialogs = inject(Dialogs);
  readonly #api = inject(Api);

  newNode(): Promise<void> {
    return this.#wizard();
  }

  editNode(node: NodeView): Promise<void> {
    return this.#wizard(node);
  }

  async acceptCertificate(node: NodeView): Promise<void> {
    const { AcceptCertificate } = await import('./dialogs/accept-certificate.js');
    await this.#dialogs.show(AcceptCertificate, 'accept-certificate-title', node);
  }

  /** True when the node was deleted. */
  deleteNode({ nodeId, name }: NodeView): Promise<boolean> {
    return this.#dialogs.ask({
      title: `Delete ${name}?`,
      words: [
        'Muster ends the link and forgets the address and the certificate. What happened to the node stays in the ' +
          'history, and nothing changes on the machine itself: its models, its log and its access key stay where they are.',
        'You can add the machine again at any time. It then counts as a new node.',
      ],
      keep: 'Keep it',
      go: 'Delete',
      going: 'Deleting…',
      // Somebody else was faster: it is gone all the same.
      act: async (commandId) =>
        doneIf(
          await this.#api.call(routes.removeNode, { params: { nodeId }, commandId }),
          'node-removed',
          'node-unknown',
        ),
    });
  }

  async #wizard(node?: NodeView): Promise<void> {
    const { NodeWizard } = await import('./dialogs/node-wizard.js');
    await this.#dialogs.fill(NodeWizard, 'node-wizard-title', node);
  }
}
