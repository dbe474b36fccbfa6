import { inject, Service } from '@angular/core';
import { type ListedWebhook, routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import { Dialogs } from '../ui/dialogs.js';

/** The dialogs about webhooks. Each is loaded when it is first asked for; true when something was changed by it. */
@Service()
export class WebhookDialogs {
  readonly #dialogs = inject(Dialogs);
  readonly #api = inject(Api);

  async newWebhook(): Promise<boolean> {
    const [{ EditWebhook }, show] = await Promise.all([import('./dialogs/edit-webhook.js'), this.#secretDialog()]);
    return show(await this.#dialogs.fill(EditWebhook, 'webhook-title'));
  }

  async edit(webhook: ListedWebhook): Promise<boolean> {
    const { EditWebhook } = await import('./dialogs/edit-webhook.js');
    return (await this.#dialogs.fill<boolean>(EditWebhook, 'webhook-title', webhook)) === true;
  }

  async replaceSecret({ webhookId, name }: ListedWebhook): Promise<boolean> {
    const show = await this.#secretDialog();
    const made = await this.#dialogs.askToMake({
      title: `New secret for ${name}?`,
      words: ['For a day everything is signed with both secrets, so that the receiver can change over in that time.'],
      keep: 'Keep the secret',
      go: 'Make another',
      going: 'Making the secret…',
      act: (commandId) => this.#api.call(routes.replaceWebhookSecret, { params: { webhookId }, commandId }),
    });
    return show(made?.secret);
  }

  async replay(webhook: ListedWebhook): Promise<boolean> {
    const { ReplayWebhook } = await import('./dialogs/replay-webhook.js');
    return (await this.#dialogs.fill<boolean>(ReplayWebhook, 'replay-title', webhook, 'h1')) === true;
  }

  pause({ webhookId, name }: ListedWebhook): Promise<boolean> {
    return this.#dialogs.ask({
      title: `Pause ${name}?`,
      words: [
        'Nothing is sent to it until somebody resumes it. What is under way may arrive.',
        'Its place is kept: it goes on where it was, with what its streams still keep then.',
      ],
      keep: 'Let it send',
      go: 'Pause',
      going: 'Pausing…',
      act: (commandId) => this.#api.call(routes.pauseWebhook, { params: { webhookId }, body: {}, commandId }),
    });
  }

  resume({ webhookId, name }: ListedWebhook): Promise<boolean> {
    return this.#dialogs.ask({
      title: `Resume ${name}?`,
      words: ['It goes on where it was. Everything that happened meanwhile is sent now, oldest first.'],
      keep: 'Leave it paused',
      go: 'Resume',
      going: 'Resuming…',
      act: (commandId) => this.#api.call(routes.resumeWebhook, { params: { webhookId }, commandId }),
    });
  }

  remove({ webhookId, name }: ListedWebhook): Promise<boolean> {
    return this.#dialogs.ask({
      title: `Remove ${name}?`,
      words: [
        'Nothing is sent to it any more, for good. Its place and its deliveries are forgotten, and its secret signs nothing.',
        'What was done with it stays in the history.',
      ],
      keep: 'Keep it',
      go: 'Remove',
      going: 'Removing…',
      act: (commandId) => this.#api.call(routes.removeWebhook, { params: { webhookId }, commandId }),
    });
  }

  /** Shows a secret, where one was made. Loaded before that, so that a connection that breaks does not lose it. */
  async #secretDialog(): Promise<(made: unknown) => Promise<boolean>> {
    const { ShownWebhookSecret } = await import('./dialogs/shown-webhook-secret.js');
    return async (made) => {
      if (typeof made !== 'string') return false;
      await this.#dialogs.fill(ShownWebhookSecret, 'secret-title', made, 'h1');
      return true;
    };
  }
}
