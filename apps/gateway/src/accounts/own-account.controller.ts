import { Controller } from '@nestjs/common';
import {
  ChangePassword,
  EndOwnSessions,
  ListOwnSessions,
  Refusal,
  type ReplyOf,
  routes,
  type SessionEntry,
} from '@muster/contracts';
import { Bus } from '@muster/bus';
import { type CallTo, Serves } from '../doors/serves.js';
import type { Session } from '../sessions/session-cache.js';

type Ended = Promise<ReplyOf<typeof EndOwnSessions>>;

/** What people do about their own account: nothing of it needs a permission. */
@Controller()
export class OwnAccountController {
  constructor(private readonly bus: Bus) {}

  @Serves(routes.listOwnSessions)
  async sessions({
    caller,
    session,
  }: CallTo<typeof routes.listOwnSessions>): Promise<{ sessions: (SessionEntry & { current: boolean })[] }> {
    const { sessionId } = sessionOf(session);
    const { sessions } = await this.bus.ask(ListOwnSessions, {}, caller);
    return { sessions: sessions.map((entry) => ({ ...entry, current: entry.sessionId === sessionId })) };
  }

  @Serves(routes.endOtherSessions)
  endOthers({ caller, session }: CallTo<typeof routes.endOtherSessions>): Ended {
    return this.bus.ask(EndOwnSessions, { keep: sessionOf(session).sessionId }, caller);
  }

  @Serves(routes.endOwnSession)
  endOne({ params, caller }: CallTo<typeof routes.endOwnSession>): Ended {
    return this.bus.ask(EndOwnSessions, params, caller);
  }

  @Serves(routes.changePassword)
  changePassword({
    body,
    caller,
    session,
  }: CallTo<typeof routes.changePassword>): Promise<ReplyOf<typeof ChangePassword>> {
    return this.bus.ask(ChangePassword, { ...body, keep: sessionOf(session).sessionId }, caller);
  }
}

function sessionOf(session: Session | undefined): Session {
  if (session === undefined) throw new Refusal('not-signed-in');
  return session;
}
