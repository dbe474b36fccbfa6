import type { Call } from '@muster/bus';
import {
  type Caller,
  ChangeAccount,
  CreateAccount,
  DeleteAccount,
  DisableAccount,
  EnableAccount,
  EndSessions,
  ListAccounts,
  ListSessions,
  type ReplyOf,
  type RequestOf,
  SetPassword,
} from '@muster/contracts';
import { Answers, Clock } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { metaOf } from '../meta.js';
import { Accounts } from './accounts.js';
import { Sessions } from './sessions.js';

type Done = Promise<ReplyOf<typeof ChangeAccount>>;

/** How orders of those who manage accounts reach the decision. */
@Controller()
export class AccountsController {
  constructor(
    @Inject(Accounts) private readonly accounts: Accounts,
    @Inject(Sessions) private readonly sessions: Sessions,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Answers(CreateAccount)
  createAccount(request: RequestOf<typeof CreateAccount>, { caller }: Call): Done {
    return this.accounts.create({ ...request, at: this.clock.now() }, metaOf(caller), caller.permissions);
  }

  @Answers(ChangeAccount)
  changeAccount(request: RequestOf<typeof ChangeAccount>, { caller }: Call): Done {
    return this.accounts.manage({ type: 'change', ...request, ...this.#ordered(caller) }, metaOf(caller));
  }

  @Answers(SetPassword)
  setPassword({ accountId, password }: RequestOf<typeof SetPassword>, { caller }: Call): Done {
    const command = { type: 'set-password', accountId, ...this.#ordered(caller) } as const;
    return this.accounts.setPassword(command, password, metaOf(caller));
  }

  @Answers(DisableAccount)
  disableAccount(request: RequestOf<typeof DisableAccount>, { caller }: Call): Done {
    return this.accounts.manage({ type: 'disable', ...request, ...this.#ordered(caller) }, metaOf(caller));
  }

  @Answers(EnableAccount)
  enableAccount(request: RequestOf<typeof EnableAccount>, { caller }: Call): Done {
    return this.accounts.manage({ type: 'enable', ...request, ...this.#ordered(caller) }, metaOf(caller));
  }

  @Answers(DeleteAccount)
  deleteAccount(request: RequestOf<typeof DeleteAccount>, { caller }: Call): Done {
    return this.accounts.manage({ type: 'delete', ...request, ...this.#ordered(caller) }, metaOf(caller));
  }

  @Answers(ListAccounts)
  async listAccounts(): Promise<ReplyOf<typeof ListAccounts>> {
    return { accounts: await this.accounts.list() };
  }

  @Answers(ListSessions)
  async listSessions({ accountId }: RequestOf<typeof ListSessions>): Promise<ReplyOf<typeof ListSessions>> {
    return { sessions: await this.sessions.list(accountId) };
  }

  @Answers(EndSessions)
  endSessions(
    { accountId, sessionId }: RequestOf<typeof EndSessions>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof EndSessions>> {
    const which = sessionId === undefined ? { allBut: undefined } : { only: sessionId };
    return this.sessions.endSome(accountId, which, metaOf(caller));
  }

  #ordered({ actor, permissions }: Caller) {
    const accountId = actor.kind === 'account' ? actor.id : undefined;
    return { at: this.clock.now(), by: { accountId, may: permissions } };
  }
}
