import { computed, DestroyRef, inject, Service, signal } from '@angular/core';
import { routes } from '@muster/contracts';
import { Api } from '../../api/api.js';
import { over, started, told, type Verification } from './verification.js';

interface Address {
  readonly host: string;
  readonly port: number;
  /** The node that is registered already and is looked at again. */
  readonly nodeId?: string;
}

/** Looks at an address for one dialog, and tells what it sees as it sees it. One look at a time; a new one ends the old. */
@Service({ autoProvided: false })
export class NodeVerifier {
  readonly #api = inject(Api);
  readonly #verification = signal<Verification>(started);
  #looking = new AbortController();

  readonly verification = this.#verification.asReadonly();
  readonly found = computed(() => {
    const verification = this.#verification();
    return verification.state === 'verified' ? verification.found : undefined;
  });

  constructor() {
    inject(DestroyRef).onDestroy(() => this.stop());
  }

  async look(address: Address): Promise<void> {
    this.stop();
    const { signal } = (this.#looking = new AbortController());
    this.#verification.set(started);
    for await (const outcome of this.#api.stream(routes.verifyNode, { body: address, signal })) {
      if (signal.aborted) return;
      this.#verification.update((verification) => told(verification, outcome));
    }
    if (!signal.aborted) this.#verification.update(over);
  }

  stop(): void {
    this.#looking.abort();
  }
}
