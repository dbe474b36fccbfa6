import { inject, Service } from '@angular/core';
import { type ListedIntegration, routes, type StreamName } from '@muster/contracts';
import { Api } from '../api/api.js';
import { Dialogs } from '../ui/dialogs.js';
import type { MadeSecret } from './dialogs/shown-integration-secret.js';

/** The dialogs about integrations. Each is loaded when it is first asked for; true when something was changed by it. */
@Service()
export class IntegrationDialogs {
  readonly #dialogs = inject(Dialogs);
  readonly #api = inject(Api);

  async newIntegration(): Promise<boolean> {
    const [{ EditIntegration }, show] = await Promise.all([
      import('./dialogs/edit-integration.js'),
      this.#secretDialog(),
    ]);
    return show(await this.#dialogs.fill<MadeSecret | boolean>(EditIntegration, 'integration-title'));
  }

  async edit(integration: ListedIntegration): Promise<boolean> {
    const { EditIntegration } = await import('./dialogs/edit-integration.js');
    return (await this.#dialogs.fill<boolean>(EditIntegration, 'integration-title', integration)) === true;
  }

  async replaceSecret({ integrationId, name, doors, streams, version }: ListedIntegration): Promise<boolean> {
    const show = await this.#secretDialog();
    const made = await this.#dialogs.askToMake({
      title: `New secret for ${name}?`,
      words: [
        'The secret that it has is refused from now on, and what is connected with it is let go.',
        'What it has read up to is kept.',
      ],
      keep: 'Keep the secret',
      go: 'Make another',
      going: 'Making the secret…',
      act: (commandId) =>
        this.#api.call(routes.replaceIntegrationSecret, {
          ...{ params: { integrationId }, commandId, expectedVersion: version },
        }),
    });
    return show(made && { ...made, doors, streams });
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

  /** Shows a secret, where one was made. Loaded before that, so that a connection that breaks does not lose it. */
  async #secretDialog(): Promise<(made: MadeSecret | boolean | undefined) => Promise<boolean>> {
    const { ShownIntegrationSecret } = await import('./dialogs/shown-integration-secret.js');
    return async (made) => {
      if (typeof made !== 'object') return false;
      await this.#dialogs.fill(ShownIntegrationSecret, 'secret-title', made, 'h1');
      return true;
    };
  }
}
