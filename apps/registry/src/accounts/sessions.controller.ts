import type { Call } from '@muster/bus';
import {
  ChangePassword,
  CheckSession,
  CreateFirstAccount,
  EndOwnSessions,
  FirstAccountNeeded,
  ListOwnSessions,
  type ReplyOf,
  type RequestOf,
  SignIn,
  SignOut,
} from '@muster/contracts';
import { Answers } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { metaOf } from '../meta.js';
import { Accounts } from './accounts.js';
import { FirstAccount } from './first-account.js';
import { OwnPassword } from './own-password.js';
import { remoteAddressKey } from './remote-address.js';
import { Sessions, type Visit } from './sessions.js';
import { SignIns } from './sign-in.js';

/** How orders reach the decision that people give about themselves: who they are, their sessions, their password. */
@Controller()
export class SessionsController {
  constructor(
    @Inject(Accounts) private readonly accounts: Accounts,
    @Inject(FirstAccount) private readonly first: FirstAccount,
    @Inject(SignIns) private readonly signIns: SignIns,
    @Inject(Sessions) private readonly sessions: Sessions,
    @Inject(OwnPassword) private readonly ownPassword: OwnPassword,
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

  @Answers(ListOwnSessions)
  async listOwnSessions(_request: object, { caller }: Call): Promise<ReplyOf<typeof ListOwnSessions>> {
    return { sessions: await this.sessions.list(caller.actor.id) };
  }

  @Answers(EndOwnSessions)
  endOwnSessions(request: RequestOf<typeof EndOwnSessions>, { caller }: Call): Promise<ReplyOf<typeof EndOwnSessions>> {
    const which = 'sessionId' in request ? { only: request.sessionId } : { allBut: request.keep };
    return this.sessions.endSome(caller.actor.id, which, metaOf(caller));
  }

  @Answers(ChangePassword)
  changePassword(request: RequestOf<typeof ChangePassword>, { caller }: Call): Promise<ReplyOf<typeof ChangePassword>> {
    return this.ownPassword.change({ ...request, accountId: caller.actor.id }, metaOf(caller));
  }
}

const visitOf = (
  { remoteAddress, device }: { remoteAddress: string; device: string },
  { correlationId }: { correlationId: string },
): Visit => ({ address: remoteAddressKey(remoteAddress), device, correlationId });
