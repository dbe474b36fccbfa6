import { allPermissions, Refusal } from '@muster/contracts';
import type { Clock, Ids } from '@muster/service';
import type { Accounts } from './accounts.js';
import { isFirstCode } from './first-code.js';
import { forFirstCode, fromAddress } from './lanes.js';
import { actorOf, type OpenedSession, type Sessions, type Visit } from './sessions.js';
import type { Throttle } from './throttle.table.js';

export interface FirstAccountForm {
  readonly code: string;
  readonly name: string;
  readonly password: string;
}

/** The very first account, for whoever can read the terminal that the Gateway was started in. */
export class FirstAccount {
  constructor(
    private readonly code: string | undefined,
    private readonly accounts: Accounts,
    private readonly sessions: Sessions,
    private readonly throttle: Throttle,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Makes the first account, with every permission, and signs it in. Refuses with `first-account-exists` once there is any,
   * with `code-wrong`, and with `too-many-tries` for whoever guesses the code.
   */
  async create({ code, name, password }: FirstAccountForm, visit: Visit): Promise<OpenedSession> {
    if (!(await this.accounts.firstNeeded())) throw new Refusal('first-account-exists');
    if (this.code === undefined) throw new Refusal('code-wrong', { field: 'code', words: NO_CODE });
    const at = this.clock.now();
    const counted = await this.throttle.count([fromAddress(visit.address), forFirstCode], Date.parse(at));
    if (!isFirstCode(code, this.code)) throw new Refusal('code-wrong', { field: 'code' });
    await this.throttle.forgive(counted);
    // A name of its own for the order: the token can be handed out once, so a retry is answered with what is so by then.
    const [accountId, commandId] = [this.ids.uuid(), this.ids.uuid()];
    const meta = { actor: actorOf({ accountId, name }), commandId, correlationId: visit.correlationId };
    await this.accounts.createFirst({ accountId, name, password, at }, meta);
    return this.sessions.open({ accountId, name, permissions: [...allPermissions].sort() }, visit);
  }
}

const NO_CODE = 'This Gateway was started without a one-time code. Set MUSTER_FIRST_CODE and start it again.';
