import { Controller } from '@nestjs/common';
import { CreateAccount, ListAccounts, type ReplyOf, routes } from '@muster/contracts';
import { Bus } from '@muster/bus';
import { type CallTo, Serves } from '../doors/serves.js';

@Controller()
export class AccountsController {
  constructor(private readonly bus: Bus) {}

  @Serves(routes.listAccounts)
  list({ caller }: CallTo<typeof routes.listAccounts>): Promise<ReplyOf<typeof ListAccounts>> {
    return this.bus.ask(ListAccounts, {}, caller);
  }

  @Serves(routes.createAccount)
  create({ body, caller }: CallTo<typeof routes.createAccount>): Promise<ReplyOf<typeof CreateAccount>> {
    return this.bus.ask(CreateAccount, body, caller);
  }
}
