import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type Caller, COMMAND_ID_HEADER, Refusal, type Route } from '@muster/contracts';
import { Ids } from '@muster/service';
import type { Request } from 'express';
import { GatewayConfig } from '../config.js';
import type { Session } from '../sessions/session-cache.js';
import { tokenOf } from '../sessions/session-cookie.js';
import { Sessions } from '../sessions/sessions.js';
import { admit } from './admitted.js';
import { gatewayCaller } from './callers.js';
import { checkOrigin } from './origins.js';
import { isUuid, requestIdOf } from './request-id.js';
import { SERVED } from './serves.js';

/**
 * Stands before every handler and lets in only what a route of the contract allows. Default deny: a handler that serves
 * no route is as if it were not there, except the two that tell whether the process is well.
 */
@Injectable()
export class Door implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly config: GatewayConfig,
    private readonly sessions: Sessions,
    private readonly ids: Ids,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const route = this.reflector.get<Route | undefined>(SERVED, context.getHandler());
    if (route === undefined) return /^\/health\/(?:live|ready)$/.test(request.path);
    checkOrigin(request.method, request.headers, this.config.allowedOrigins);
    const token = tokenOf(this.config.cookie, request.headers.cookie);
    if (route.allowed === 'anyone') {
      admit(request, { token, session: undefined, caller: gatewayCaller(this.ids.uuid(), requestIdOf(request)) });
      return true;
    }
    const session = token === undefined ? undefined : await this.sessions.of(token);
    if (session === undefined) throw new Refusal('not-signed-in');
    const { permissions } = session.account;
    if (route.allowed !== 'signed-in' && !permissions.includes(route.allowed)) throw new Refusal('not-permitted');
    admit(request, { token, session, caller: this.#callerOf(session, request) });
    return true;
  }

  #callerOf({ account }: Session, request: Request): Caller {
    const { accountId, name, permissions } = account;
    const commandId = request.headers[COMMAND_ID_HEADER];
    if (commandId !== undefined && !(typeof commandId === 'string' && isUuid(commandId)))
      throw new Refusal('bad-input', { field: COMMAND_ID_HEADER, words: `${COMMAND_ID_HEADER} must be a UUID.` });
    return {
      actor: { kind: 'account', id: accountId, name },
      permissions,
      // A retry that carries the same id is the same order, and has no second effect.
      commandId: commandId?.toLowerCase() ?? this.ids.uuid(),
      correlationId: requestIdOf(request),
    };
  }
}
