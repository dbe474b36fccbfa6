import { Component, computed, inject } from '@angular/core';
import { Clock } from '../live/clock.js';
import { lastOf } from '../live/remote.js';
import { Session } from '../session/session.js';
import { moment, span } from '../ui/format.js';
import { ApiKeysStore } from './api-keys-store.js';
import { KeyDialogs } from './key-dialogs.js';
import { expiryWords, limitsWords, modelsWords, purposesWords, stateTitles } from './key-words.js';

/** Every API key: whose it is, for what, and when it was used. */
@Component({
  selector: 'app-api-keys',
  providers: [ApiKeysStore],
  templateUrl: './api-keys.html',
  styleUrl: './api-keys.css',
})
export class ApiKeys {
  readonly #session = inject(Session);
  readonly #clock = inject(Clock);
  protected readonly dialogs = inject(KeyDialogs);
  protected readonly store = inject(ApiKeysStore);

  protected readonly may = computed(() => this.#session.may('keys:manage'));
  protected readonly rows = computed(() => {
    const now = this.#clock.now();
    return lastOf(this.store.view())?.map((key) => ({
      key,
      purposes: purposesWords(key.permissions),
      models: modelsWords(key.models),
      allModels: key.models?.join(', ') ?? '',
      limits: limitsWords(key.limits),
      used: key.lastUsedAt === undefined ? 'Never' : `${span(now - Date.parse(key.lastUsedAt))} ago`,
      usedAt: key.lastUsedAt === undefined ? '' : moment(key.lastUsedAt, now),
      expires: expiryWords(key.expiresAt, now),
      expiresAt: key.expiresAt === undefined ? '' : moment(key.expiresAt, now),
      state: stateTitles[key.state],
    }));
  });

  protected async then(changed: Promise<boolean>): Promise<void> {
    if (await changed) await this.store.read();
  }
}
