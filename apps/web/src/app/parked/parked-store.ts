import { inject, Service } from '@angular/core';
import { type ParkedStream, type Retried, routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import type { Outcome } from '../api/outcome.js';
import { readRemote } from '../live/read-remote.js';

/** It changes by itself, and others look after it too. */
const READ_EVERY_MS = 5_000;

/** What waits in the stores; read anew while the page can be seen. */
@Service({ autoProvided: false })
export class ParkedStore {
  readonly #api = inject(Api);
  readonly #parked = readRemote(() => this.#api.call(routes.listParked), {
    needs: 'settings:manage',
    everyMs: READ_EVERY_MS,
  });
  readonly view = this.#parked.view;

  async read(): Promise<void> {
    await this.#parked.read();
  }

  /** Tries a stream again, and reads what waits then. */
  async retry({ service, projection, stream }: ParkedStream): Promise<Outcome<Retried>> {
    const answer = await this.#api.call(routes.retryParked, { body: { service, projection, stream } });
    await this.read();
    return answer;
  }
}
