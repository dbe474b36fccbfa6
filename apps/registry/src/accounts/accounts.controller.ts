import type { Call } from '@muster/bus';
import {
  CheckSession,
  CreateAccount,
  CreateFirstAccount,
  FirstAccountNeeded,
  ListAccounts,
  type ReplyOf,
  type RequestOf,
  SignIn,
  SignOut,
} from '@muster/contracts';
import { Answers, Clock } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { metaOf } from '../meta.js';
import { Accounts } from './accounts.js';
import { FirstAccount } from './first-account.js';
import { remoteAddressKey } from './remote-address.js';
import { Sessions, type Visit } from './sessions.js';
import { SignIns } from './sign-in.js';

/** How orders about accounts and sessions reach the decision. */
@Controller()
export class AccountsController {
  constructor(
    @Inject(Accounts) private readonly accounts: Accounts,
    @Inject(FirstAccount) private readonly first: FirstAccount,
    @Inject(SignIns) private readonly signIns: SignIns,
    @Inject(Sessions) private readonly sessions: Sessions,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Answers(FirstAccountNeeded)
  async firstAccountNeeded(): Promise<ReplyOf<typeof FirstAccountNeeded>> {
    return { needed: await this.accounts.firstNeeded() };
  }

  @Answers(CreateFirstAccount)
  createFirstAccount(
    request: RequestOf<typeof CreateFirstAccount>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof CreateFirstAccount>> {
    return this.first.create(request, visitOf(request, caller));
  }

  @Answers(SignIn)
  signIn(request: RequestOf<typeof SignIn>, { caller }: Call): Promise<ReplyOf<typeof SignIn>> {
    return this.signIns.signIn(request.name, request.password, visitOf(request, caller));
  }

  @Answers(SignOut)
  async signOut({ tokenHash }: RequestOf<typeof SignOut>, { caller }: Call): Promise<ReplyOf<typeof SignOut>> {
    await this.sessions.end(tokenHash, caller);
    return {};
  }

  @Answers(CheckSession)
  async checkSession({ tokenHash }: RequestOf<typeof CheckSession>): Promise<ReplyOf<typeof CheckSession>> {
    return { session: (await this.sessions.check(tokenHash)) ?? null };
  }

  @Answers(CreateAccount)
  createAccount(request: RequestOf<typeof CreateAccount>, { caller }: Call): Promise<ReplyOf<typeof CreateAccount>> {
    return this.accounts.create({ ...request, at: this.clock.now() }, metaOf(caller), caller.permissions);
  }

  @Answers(ListAccounts)
  async listAccounts(): Promise<ReplyOf<typeof ListAccounts>> {
    return { accounts: await this.accounts.list() };
  }
}

const visitOf = (
  { remoteAddress, device }: { remoteAddress: string; device: string },
  { correlationId }: { correlationId: string },
): Visit => ({ address: remoteAddressKey(remoteAddress), device, correlationId });
