import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Console } from './console.js';

const RETRY_MS = 200;
const PAUSE_MS = 20;

/** Orders without end, one after the other, each tried under one command id until it is answered. */
export class OrderStream {
  /** The command ids that were answered with success. */
  readonly acknowledged: string[] = [];
  readonly refused: string[] = [];
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(
    private readonly door: Console,
    private readonly nodeId: string,
  ) {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let count = 1; !this.#stopped; count += 1) {
      await this.#carryOut(count, randomUUID());
      await sleep(PAUSE_MS);
    }
  }

  async #carryOut(count: number, commandId: string): Promise<void> {
    for (;;) {
      const { status, text } = await this.#give(count, commandId).catch(() => ({ status: 0, text: '' }));
      if (status === 200) this.acknowledged.push(commandId);
      else if (status >= 400 && status < 500) this.refused.push(text);
      else {
        await sleep(RETRY_MS);
        continue;
      }
      return;
    }
  }

  /** Every order changes something, so each leaves exactly one event. */
  #give(count: number, commandId: string): Promise<{ status: number; text: string }> {
    const path = `/api/nodes/${this.nodeId}`;
    if (count % 4 === 1) return this.door.call('POST', `${path}/deactivate`, {}, commandId);
    if (count % 4 === 2) return this.door.call('POST', `${path}/activate`, {}, commandId);
    return this.door.call('PATCH', path, { name: `drilled ${count}` }, commandId);
  }
}
