import { Controller } from '@nestjs/common';
import {
  ChangeAccount,
  CreateAccount,
  DeleteAccount,
  DisableAccount,
  EnableAccount,
  EndSessions,
  ListAccounts,
  ListSessions,
  type ReplyOf,
  routes,
  SetPassword,
} from '@muster/contracts';
import { Bus } from '@muster/bus';
import { expected } from '../doors/expected.js';
import { type CallTo, Serves } from '../doors/serves.js';

type Done = Promise<ReplyOf<typeof ChangeAccount>>;
type Ended = Promise<ReplyOf<typeof EndSessions>>;

@Controller()
export class AccountsController {
  constructor(private readonly bus: Bus) {}

  @Serves(routes.listAccounts)
  list({ caller }: CallTo<typeof routes.listAccounts>): Promise<ReplyOf<typeof ListAccounts>> {
    return this.bus.ask(ListAccounts, {}, caller);
  }

  @Serves(routes.createAccount)
  create({ body, caller }: CallTo<typeof routes.createAccount>): Done {
    return this.bus.ask(CreateAccount, body, caller);
  }

  @Serves(routes.changeAccount)
  change({ params, body, caller, expectedVersion }: CallTo<typeof routes.changeAccount>): Done {
    return this.bus.ask(ChangeAccount, { ...params, ...body, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.setPassword)
  setPassword({ params, body, caller }: CallTo<typeof routes.setPassword>): Done {
    return this.bus.ask(SetPassword, { ...params, ...body }, caller);
  }

  @Serves(routes.disableAccount)
  disable({ params, caller, expectedVersion }: CallTo<typeof routes.disableAccount>): Done {
    return this.bus.ask(DisableAccount, { ...params, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.enableAccount)
  enable({ params, caller, expectedVersion }: CallTo<typeof routes.enableAccount>): Done {
    return this.bus.ask(EnableAccount, { ...params, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.deleteAccount)
  delete({ params, caller, expectedVersion }: CallTo<typeof routes.deleteAccount>): Done {
    return this.bus.ask(DeleteAccount, { ...params, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.listSessions)
  sessions({ params, caller }: CallTo<typeof routes.listSessions>): Promise<ReplyOf<typeof ListSessions>> {
    return this.bus.ask(ListSessions, params, caller);
  }

  @Serves(routes.endSessions)
  endSessions({ params, caller }: CallTo<typeof routes.endSessions>): Ended {
    return this.bus.ask(EndSessions, params, caller);
  }

  @Serves(routes.endSession)
  endSession({ params, caller }: CallTo<typeof routes.endSession>): Ended {
    return this.bus.ask(EndSessions, params, caller);
  }
}
