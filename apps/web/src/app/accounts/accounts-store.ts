import { DestroyRef, effect, inject, Service, signal } from '@angular/core';
import { type ManagedAccount, routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import { Clock } from '../live/clock.js';
import { lastOf, type Remote } from '../live/remote.js';
import { Session } from '../session/session.js';

/** Others manage accounts too: what stands on the page is no older than this. */
const READ_EVERY_MS = 5_000;

/** Every account, for whoever manages them; read anew while the page can be seen. */
@Service({ autoProvided: false })
export class AccountsStore {
  readonly #api = inject(Api);
  readonly #view = signal<Remote<readonly ManagedAccount[]>>({ state: 'loading' });
  readonly view = this.#view.asReadonly();

  constructor() {
    const clock = inject(Clock);
    const session = inject(Session);
    let timer: ReturnType<typeof setInterval> | undefined;
    effect(() => {
      clearInterval(timer);
      if (!session.may('accounts:manage')) {
        // Nothing of what may not be seen any more is kept.
        this.#view.set({ state: 'loading' });
        return;
      }
      if (!clock.visible()) return;
      void this.read();
      timer = setInterval(() => void this.read(), READ_EVERY_MS);
    });
    inject(DestroyRef).onDestroy(() => clearInterval(timer));
  }

  /** Reads them all anew, and resolves with them where that worked. */
  async read(): Promise<readonly ManagedAccount[] | undefined> {
    const answer = await this.#api.call(routes.listAccounts);
    if (answer.ok) this.#view.set({ state: 'ready', value: answer.value.accounts });
    else if (answer.failure.code === 'outage') this.#view.update((view) => ({ state: 'lost', last: lastOf(view) }));
    else this.#view.set({ state: 'refused', words: answer.failure.words });
    return answer.ok ? answer.value.accounts : undefined;
  }
}
