import { type FactMeta, Refusal } from '@muster/contracts';
import { type EventStore, onDatabase } from '@muster/event-store';
import type { Clock } from '@muster/service';
import type { Accounts } from './accounts.js';
import { CredentialRow } from './accounts.table.js';
import { forOwnPassword } from './lanes.js';
import type { Passwords } from './passwords.js';
import type { Throttle } from './throttle.table.js';

export interface PasswordChange {
  readonly accountId: string;
  readonly current: string;
  readonly password: string;
  /** The session in which it is changed, the one that goes on. */
  readonly keep: string;
}

/** People change their own password by the one they have: whoever finds a page left open can not. */
export class OwnPassword {
  constructor(
    private readonly store: EventStore,
    private readonly accounts: Accounts,
    private readonly passwords: Passwords,
    private readonly throttle: Throttle,
    private readonly clock: Clock,
  ) {}

  /**
   * Refuses with `password-wrong`, with `password-common`, and with `too-many-tries` while a delay runs. An order that was
   * obeyed is answered again as it was, although the password until then fits no more.
   */
  async change({ accountId, current, password, keep }: PasswordChange, meta: FactMeta): Promise<{ version: number }> {
    const version = await this.accounts.versionAfter(accountId, meta.commandId);
    if (version !== undefined) return { version };
    const at = this.clock.now();
    const lane = forOwnPassword(accountId);
    const counted = await this.throttle.count([lane], Date.parse(at));
    const row = await onDatabase(() => this.store.database.manager.findOneBy(CredentialRow, { accountId }));
    const right = await this.passwords.fits(current, row?.passwordHash).catch(async (error: unknown) => {
      // Nothing was learnt from a try that never was looked at.
      await this.throttle.forgive(counted);
      throw error;
    });
    if (!right) throw new Refusal('password-wrong', { field: 'current' });
    await this.throttle.forget(lane);
    return this.accounts.setPassword({ type: 'change-password', accountId, keep, at }, password, meta);
  }
}
