import { Controller, Logger } from '@nestjs/common';
import {
  CreateFirstAccount,
  FirstAccountNeeded,
  Refusal,
  type ReplyOf,
  routes,
  type SessionView,
  SignIn,
  SignOut,
} from '@muster/contracts';
import { Bus } from '@muster/bus';
import { Ids } from '@muster/service';
import { GatewayConfig } from '../config.js';
import { gatewayCaller } from '../doors/callers.js';
import { type CallTo, Serves } from '../doors/serves.js';
import { closeCookie, hashOf, openCookie } from './session-cookie.js';
import { Sessions } from './sessions.js';

type Opened = ReplyOf<typeof SignIn>;

@Controller()
export class SessionsController {
  readonly #log = new Logger('Sessions');

  constructor(
    private readonly bus: Bus,
    private readonly config: GatewayConfig,
    private readonly sessions: Sessions,
    private readonly ids: Ids,
  ) {}

  @Serves(routes.readSession)
  async read({ token, caller }: CallTo<typeof routes.readSession>): Promise<SessionView> {
    const session = token === undefined ? undefined : await this.sessions.of(token);
    if (session !== undefined) return { account: session.account, firstAccountNeeded: false };
    const { needed } = await this.bus.ask(FirstAccountNeeded, {}, caller);
    return { account: null, firstAccountNeeded: needed };
  }

  @Serves(routes.signIn)
  async signIn(call: CallTo<typeof routes.signIn>): Promise<SessionView> {
    const before = call.token === undefined ? undefined : hashOf(call.token);
    const view = this.#opened(await this.bus.ask(SignIn, { ...call.body, ...call.from }, call.caller), call);
    // A browser holds one session: the one before would stay open with nobody to close it.
    if (before !== undefined)
      await this.#close(before, call).catch((error: unknown) => {
        this.#log.warn({ msg: 'The session before could not be ended; it ends with its time', err: error });
      });
    return view;
  }

  @Serves(routes.createFirstAccount)
  async createFirstAccount(call: CallTo<typeof routes.createFirstAccount>): Promise<SessionView> {
    return this.#opened(await this.bus.ask(CreateFirstAccount, { ...call.body, ...call.from }, call.caller), call);
  }

  @Serves(routes.signOut)
  async signOut(call: CallTo<typeof routes.signOut>): Promise<Record<string, never>> {
    const { session } = call;
    if (session === undefined) throw new Refusal('not-signed-in');
    await this.#close(session.tokenHash, call);
    this.sessions.end(session);
    call.setHeader('set-cookie', closeCookie(this.config.cookie));
    return {};
  }

  async #close(tokenHash: string, { caller }: { caller: CallTo<typeof routes.signOut>['caller'] }): Promise<void> {
    await this.bus.ask(SignOut, { tokenHash }, gatewayCaller(this.ids.uuid(), caller.correlationId));
  }

  #opened({ token, account }: Opened, { setHeader }: Pick<CallTo<typeof routes.signIn>, 'setHeader'>): SessionView {
    setHeader('set-cookie', openCookie(this.config.cookie, token));
    return { account, firstAccountNeeded: false };
  }
}
