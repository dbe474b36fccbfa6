import { inject, Service } from '@angular/core';
import { type ListedIntegration, routes, type StreamName } from '@muster/contracts';
import { Api } from '../api/api.js';
import { Dialogs } from '../ui/dialogs.js';

/** The dialogs about integrations. Each is loaded when it is first asked for; true when something was changed by it. */
@Service()
export class IntegrationDialogs {
  readonly #dialogs = inject(Dialogs);
  readonly #api = inject(Api);

  async newIntegration(): Promise<boolean> {
    const { EditIntegration } = await import('./dialogs/edit-integration.js');
    return (await this.#dialogs.fill<boolean>(EditIntegration, 'integration-title')) === true;
  }

  async edit(integration: ListedIntegration): Promise<boolean> {
    const { EditIntegration } = await import('./dialogs/edit-integration.js');
    return (await this.#dialogs.fill<boolean>(EditIntegration, 'integration-title', integration)) === true;
  }

  async replaceSecret(integration: ListedIntegration): Promise<boolean> {
    const { ReplaceSecret } = await import('./dialogs/replace-secret.js');
    return (await this.#dialogs.fill<boolean>(ReplaceSecret, 'secret-title', integration, 'h1')) === true;
  }

  async setPosition(integration: ListedIntegration, stream: StreamName): Promise<boolean> {
    const { SetPosition } = await import('./dialogs/set-position.js');
    return (await this.#dialogs.fill<boolean>(SetPosition, 'position-title', { integration, stream })) === true;
  }

  suspend({ integrationId, name }: ListedIntegration): Promise<boolean> {
    return this.#dialogs.ask({
      title: `Suspend ${name}?`,
      words: [
        'It is let in nowhere within two seconds, and its connections are closed.',
        'What it has read up to is kept, so that it goes on from there when it is resumed.',
      ],
      keep: 'Leave it in',
      go: 'Suspend',
      going: 'Suspending…',
      act: (commandId) => this.#api.call(routes.suspendIntegration, { params: { integrationId }, body: {}, commandId }),
    });
  }

  resume({ integrationId, name }: ListedIntegration): Promise<boolean> {
    return this.#dialogs.ask({
      title: `Resume ${name}?`,
      words: ['It is let in again with the secret that it has, and goes on where it had read up to.'],
      keep: 'Leave it out',
      go: 'Resume',
      going: 'Resuming…',
      act: (commandId) => this.#api.call(routes.resumeIntegration, { params: { integrationId }, commandId }),
    });
  }

  revoke({ integrationId, name }: ListedIntegration): Promise<boolean> {
    return this.#dialogs.ask({
      title: `Revoke ${name}?`,
      words: [
        'It is let in nowhere within two seconds, for good. What NATS keeps for it, where it had read up to, is removed.',
        'What was done with it stays in the history.',
      ],
      keep: 'Keep it',
      go: 'Revoke',
      going: 'Revoking…',
      act: (commandId) => this.#api.call(routes.revokeIntegration, { params: { integrationId }, commandId }),
    });
  }
}
