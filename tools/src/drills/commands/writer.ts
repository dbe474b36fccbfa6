import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Console } from '../console.js';
import type { Acknowledged } from './checker.js';

const RETRY_MS = 100;

/**
 * Gives orders about one account without end, one after the other, each tried under one command id until it is answered. Each
 * order changes something; every third changes name and permissions at once, so that its append has several events.
 */
export class Writer {
  readonly acknowledged: Acknowledged[] = [];
  readonly refused: string[] = [];
  readonly #changes = new Map<string, object>();
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  private constructor(
    private readonly door: Console,
    private readonly accountId: string,
  ) {}

  static async begin(door: Console, name: string): Promise<Writer> {
    const accountId = randomUUID();
    const password = randomUUID();
    await door.must('POST', '/api/accounts', { accountId, name, password, permissions: ['fleet:view'] });
    const writer = new Writer(door, accountId);
    writer.#running = writer.#run(name);
    return writer;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** Gives orders that were acknowledged once more, as they were. Returns how many were answered otherwise than then. */
  async repeat(most: number): Promise<number> {
    let different = 0;
    for (const { commandId, version } of this.acknowledged.slice(-most)) {
      const { status, text } = await this.#give(this.#changes.get(commandId) ?? {}, commandId);
      if (status !== 200 || versionIn(text) !== version) different += 1;
    }
    return different;
  }

  async #run(name: string): Promise<void> {
    for (let count = 1; !this.#stopped; count += 1) {
      const both = {
        name: `${name} ${count}`,
        permissions: count % 6 === 0 ? ['fleet:view'] : ['fleet:view', 'keys:manage'],
      };
      await this.#carryOut(count % 3 === 0 ? both : { name: both.name }, randomUUID());
    }
  }

  async #carryOut(change: object, commandId: string): Promise<void> {
    for (;;) {
      const { status, text } = await this.#give(change, commandId).catch(() => ({ status: 0, text: '' }));
      if (status === 200) {
        this.#changes.set(commandId, change);
        this.acknowledged.push({ commandId, stream: `account-${this.accountId}`, version: versionIn(text) });
        return;
      }
      if (status >= 400 && status < 500) {
        this.refused.push(text);
        return;
      }
      await sleep(RETRY_MS);
    }
  }

  #give(change: object, commandId: string): Promise<{ status: number; text: string }> {
    return this.door.call('PATCH', `/api/accounts/${this.accountId}`, change, commandId);
  }
}

const versionIn = (text: string): number => (JSON.parse(text) as { version: number }).version;
