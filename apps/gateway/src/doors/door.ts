import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  type ApiKey,
  apiKeyOf,
  type Caller,
  COMMAND_ID_HEADER,
  type Integration,
  integrationSecretOf,
  Refusal,
  type Route,
} from '@muster/contracts';
import { Ids } from '@muster/service';
import type { Request } from 'express';
import { KnownKeys } from '../api-keys/known-keys.js';
import { GatewayConfig } from '../config.js';
import { HttpReadings } from '../integrations/http-readings.js';
import { hashOf, KnownIntegrations } from '../integrations/known-integrations.js';
import type { Session } from '../sessions/session-cache.js';
import { tokenOf } from '../sessions/session-cookie.js';
import { Sessions } from '../sessions/sessions.js';
import { KnownSettings } from '../settings/known-settings.js';
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
    private readonly settings: KnownSettings,
    private readonly sessions: Sessions,
    private readonly keys: KnownKeys,
    private readonly integrations: KnownIntegrations,
    private readonly readings: HttpReadings,
    private readonly ids: Ids,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const route = this.reflector.get<Route | undefined>(SERVED, context.getHandler());
    if (route === undefined) return /^\/health\/(?:live|ready)$/.test(request.path);
    const secret = route.integrations === true ? integrationSecretOf(request.headers) : undefined;
    if (secret !== undefined) {
      const integration = { ...this.integrations.use(secret), hash: hashOf(secret) };
      this.readings.seen(integration.integrationId);
      admit(request, {
        token: undefined,
        session: undefined,
        integration,
        caller: this.#outsider(integration, request),
      });
      return true;
    }
    const key = route.allowed === 'anyone' ? undefined : apiKeyOf(request.headers);
    if (key !== undefined) {
      admit(request, { token: undefined, session: undefined, caller: this.#byKey(this.keys.use(key), route, request) });
      return true;
    }
    checkOrigin(request.method, request.headers, this.settings.origins);
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

  /** An outsider gives no orders: it is nobody whom a permission was given to. */
  #outsider({ integrationId, name }: Integration, request: Request): Caller {
    return {
      actor: { kind: 'key', id: integrationId, name },
      permissions: [],
      commandId: this.ids.uuid(),
      correlationId: requestIdOf(request),
    };
  }

  #callerOf({ account }: Session, request: Request): Caller {
    const { accountId, name, permissions } = account;
    return {
      actor: { kind: 'account', id: accountId, name },
      permissions,
      commandId: commandIdOf(request) ?? this.ids.uuid(),
      correlationId: requestIdOf(request),
    };
  }

  /**
   * A program with a key instead of a person with a session. No browser sends a key by itself, so no page could call in somebody's
   * name, whatever its origin; the id of the order is asked for all the same, for a retry to be harmless.
   */
  #byKey(key: ApiKey, route: Route, request: Request): Caller {
    const { keyId, name, owner, may } = key;
    if (route.allowed === 'anyone' || route.allowed === 'signed-in')
      throw new Refusal('not-permitted', { words: 'This is for people who are signed in, not for API keys.' });
    if (!may.includes(route.allowed))
      throw new Refusal('not-permitted', { words: 'This API key does not have the permission for this.' });
    const commandId = commandIdOf(request);
    if (commandId === undefined && request.method !== 'GET' && request.method !== 'HEAD')
      throw wrongCommandId('A call that changes something needs this header with a UUID.');
    return {
      actor: { kind: 'key', id: keyId, name, owner: { id: owner.accountId, name: owner.name } },
      permissions: [...may],
      commandId: commandId ?? this.ids.uuid(),
      correlationId: requestIdOf(request),
    };
  }
}

/** The id of the order; a retry that carries the same one is the same order, and has no second effect. */
function commandIdOf({ headers }: Request): string | undefined {
  const commandId = headers[COMMAND_ID_HEADER];
  if (commandId === undefined) return undefined;
  if (typeof commandId === 'string' && isUuid(commandId)) return commandId.toLowerCase();
  throw wrongCommandId(`${COMMAND_ID_HEADER} must be a UUID.`);
}

const wrongCommandId = (words: string): Refusal => new Refusal('bad-input', { field: COMMAND_ID_HEADER, words });
