import { computed, inject, Service, signal } from '@angular/core';
import { routes, type Account, type Permission, type SessionView } from '@muster/contracts';
import { Api } from '../api/api.js';
import type { Failure } from '../api/outcome.js';

export type SessionState =
  | { readonly state: 'loading' }
  /** The Gateway does not answer; it is asked again by itself. */
  | { readonly state: 'unreachable' }
  | { readonly state: 'first-account' }
  | { readonly state: 'signed-out'; readonly why: string | undefined }
  | { readonly state: 'signed-in'; readonly account: Account };

const ASK_AGAIN_MS = 2_000;

/** Who uses this page. */
@Service()
export class Session {
  readonly #api = inject(Api);
  readonly #state = signal<SessionState>({ state: 'loading' });
  #known: Promise<void> | undefined;

  readonly state = this.#state.asReadonly();
  readonly account = computed(() => {
    const session = this.#state();
    return session.state === 'signed-in' ? session.account : undefined;
  });

  constructor() {
    this.#api.whenSessionLost(() => this.ended('Your session has ended. Sign in again.'));
  }

  /** Whether the one who is signed in may do this. The server decides; the page only leaves out what would be refused. */
  may(permission: Permission): boolean {
    return this.account()?.permissions.includes(permission) ?? false;
  }

  /** Resolves once it is known who is there, however long the Gateway takes to answer. */
  known(): Promise<void> {
    return (this.#known ??= this.#ask());
  }

  /**
   * Asks again, when there is reason to think that the session may be over, or that its account may do something else now.
   * An unanswered question changes nothing.
   */
  async check(): Promise<void> {
    if (this.account() === undefined) return;
    const answer = await this.#api.call(routes.readSession);
    if (!answer.ok || this.account() === undefined) return;
    if (answer.value.account === null) this.ended('Your session has ended. Sign in again.');
    else this.#take(answer.value);
  }

  /** Signs in. Undefined when it worked, else why not. */
  async signIn(name: string, password: string): Promise<Failure | undefined> {
    const answer = await this.#api.call(routes.signIn, { body: { name, password } });
    if (!answer.ok) return answer.failure;
    this.#take(answer.value);
    return undefined;
  }

  /** Makes the first account and signs it in. Undefined when it worked, else why not. */
  async createFirstAccount(code: string, name: string, password: string): Promise<Failure | undefined> {
    const answer = await this.#api.call(routes.createFirstAccount, { body: { code, name, password } });
    if (answer.ok) this.#take(answer.value);
    else if (answer.failure.code === 'first-account-exists')
      this.#state.set({ state: 'signed-out', why: answer.failure.words });
    return answer.ok ? undefined : answer.failure;
  }

  /** Signs out. Undefined when it worked, else why not: then the session is still there. */
  async signOut(): Promise<Failure | undefined> {
    const answer = await this.#api.call(routes.signOut);
    if (!answer.ok && answer.failure.code !== 'not-signed-in') return answer.failure;
    this.#state.set({ state: 'signed-out', why: undefined });
    return undefined;
  }

  /** Takes note that the server ended the session. */
  ended(why: string): void {
    if (this.account() !== undefined) this.#state.set({ state: 'signed-out', why });
  }

  async #ask(): Promise<void> {
    for (;;) {
      const answer = await this.#api.call(routes.readSession);
      if (answer.ok) {
        this.#take(answer.value);
        return;
      }
      this.#state.set({ state: 'unreachable' });
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  }

  #take({ account, firstAccountNeeded }: SessionView): void {
    if (account !== null) this.#state.set({ state: 'signed-in', account });
    else this.#state.set(firstAccountNeeded ? { state: 'first-account' } : { state: 'signed-out', why: undefined });
  }
}
