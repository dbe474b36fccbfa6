import { inject, Service, signal } from '@angular/core';
import { routes, type ReadSettings, type ReplyOf } from '@muster/contracts';
import { Api } from '../api/api.js';
import type { Outcome } from '../api/outcome.js';
import type { Remote } from '../live/remote.js';

export type Settings = ReplyOf<typeof ReadSettings>;

/** The settings of the Gateway. The access key itself is fetched when somebody asks to see it, and is kept nowhere. */
@Service({ autoProvided: false })
export class SettingsStore {
  readonly #api = inject(Api);
  readonly #view = signal<Remote<Settings>>({ state: 'loading' });
  readonly view = this.#view.asReadonly();

  async read(): Promise<void> {
    const answer = await this.#api.call(routes.readSettings);
    this.#view.set(
      answer.ok ? { state: 'ready', value: answer.value } : { state: 'refused', words: answer.failure.words },
    );
  }

  showAccessKey(): Promise<Outcome<{ accessKey: string; keyId: string }>> {
    return this.#api.call(routes.showAccessKey);
  }

  /** Takes the given key, or has a new random one made. */
  async changeAccessKey(accessKey: string | undefined, commandId: string): Promise<Outcome<{ keyId: string }>> {
    const answer = await this.#api.call(routes.changeAccessKey, {
      body: accessKey === undefined ? {} : { accessKey },
      commandId,
    });
    if (answer.ok) await this.read();
    return answer;
  }
}
