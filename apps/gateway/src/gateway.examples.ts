import { randomBytes, randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { type Bus, connectBus, type Handler, type Stoppable } from '@muster/bus';
import {
  type Account,
  type AccountEvent,
  allPermissions,
  API_KEY_MARK,
  type ApiKeyEvent,
  CheckSession,
  type ConsoleToServer,
  type Fact,
  familyOfStream,
  FirstAccountNeeded,
  type IntegrationEvent,
  type KeyPermission,
  type Order,
  type Permission,
  prefixOfKey,
  type ServerToConsole,
  SignIn,
  SignOut,
} from '@muster/contracts';
import { type RunningService, startService } from '@muster/service';
import { io, type Socket } from 'socket.io-client';
import { AT } from './fleet/fleet.examples.js';
import { gateway } from './gateway.js';
import { hashOf } from './sessions/session-cookie.js';

/** What integration specs share: a real gateway, and a stand-in for the registry that answers over the real bus. */

export const ORIGIN = 'http://localhost:8000';
const COOKIE = '__Host-muster-session';

export interface TestGateway {
  readonly url: string;
  readonly service: RunningService;
  /** Every line of its log so far. */
  readonly log: readonly string[];
  /** A call as the console makes it, unless told otherwise. */
  call(method: string, path: string, options?: CallOptions): Promise<Response>;
  /** A socket as the console opens it; closed with the gateway. */
  socket(token?: string, headers?: Record<string, string>): TestSocket;
  stop(): Promise<void>;
}

export interface CallOptions {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Record<string, string | undefined>;
  readonly signal?: AbortSignal;
}

export type TestSocket = Socket<ServerToConsole, ConsoleToServer>;

export async function testGateway(natsUrl: string, env: Record<string, string> = {}): Promise<TestGateway> {
  const log: string[] = [];
  const logTo = new Writable({
    write(line, _encoding, done) {
      log.push(String(line));
      done();
    },
  });
  const service = await startService(gateway, {
    env: { NATS_URL: natsUrl, PORT: '0', PUBLIC_URL: ORIGIN, WEB_ROOT: '/nowhere', ...env },
    logTo: logTo as Writable & { write(line: string): void },
  });
  const url = `http://127.0.0.1:${service.port}`;
  const sockets: TestSocket[] = [];
  return {
    url,
    service,
    log,
    call: (method, path, { token, body, headers = {}, signal } = {}) => {
      const all: Record<string, string | undefined> = {
        ...(method === 'GET' ? {} : { origin: ORIGIN, 'muster-command-id': randomUUID() }),
        ...(token === undefined ? {} : { cookie: `${COOKIE}=${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      };
      return fetch(`${url}${path}`, {
        method,
        headers: Object.fromEntries(
          Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
        ),
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        ...(signal ? { signal } : {}),
      });
    },
    socket: (token, headers = {}) => {
      const socket: TestSocket = io(url, {
        transports: ['websocket'],
        forceNew: true,
        reconnection: false,
        extraHeaders: {
          origin: ORIGIN,
          ...(token === undefined ? {} : { cookie: `${COOKIE}=${token}` }),
          ...headers,
        },
      });
      sockets.push(socket);
      return socket;
    },
    stop: async () => {
      for (const socket of sockets) socket.disconnect();
      await service.stop();
    },
  };
}

/** The registry as far as a door can see: accounts with sessions, answered over the bus. */
export class RegistryStandIn {
  readonly #sessions = new Map<string, { sessionId: string; account: Account; expiresAt: string }>();
  /** How often a session was asked for. */
  checks = 0;
  /** Holds an answer about a session up, after it was decided. */
  onItsWay: (tokenHash: string) => Promise<void> = () => Promise.resolve();
  #position = 0;

  private constructor(readonly bus: Bus) {}

  static async open(natsUrl: string): Promise<RegistryStandIn> {
    const registry = new RegistryStandIn(await connectBus({ servers: natsUrl, name: 'registry stand-in' }));
    await registry.bus.assertStreams();
    await registry.answer(CheckSession, async ({ tokenHash }) => {
      registry.checks += 1;
      const session = structuredClone(registry.#sessions.get(tokenHash) ?? null);
      await registry.onItsWay(tokenHash);
      return { session };
    });
    await registry.answer(FirstAccountNeeded, () => Promise.resolve({ needed: registry.#sessions.size === 0 }));
    await registry.answer(SignIn, ({ name }) => {
      const opened = registry.open(allPermissions, name);
      return Promise.resolve(opened);
    });
    await registry.answer(SignOut, async ({ tokenHash }) => {
      await registry.end(tokenHash);
      return {};
    });
    return registry;
  }

  /** Answers from now on: the bus has taken note when this resolves. */
  async answer<O extends Order>(order: O, handler: Handler<O>, subject?: string): Promise<Stoppable> {
    const answering = await this.bus.answer(order, handler, subject === undefined ? {} : { subject });
    // The server handles what comes over one connection in order: its answer to this means that it knows of that.
    await this.bus.tail('FLEET');
    return answering;
  }

  /** Somebody signed in with these permissions. */
  open(permissions: readonly Permission[], name = 'ada'): { token: string; sessionId: string; account: Account } {
    const token = randomBytes(32).toString('base64url');
    const session = {
      sessionId: randomUUID(),
      account: { accountId: randomUUID(), name, permissions: [...permissions] },
      expiresAt: '2999-01-01T00:00:00.000Z',
    };
    this.#sessions.set(hashOf(token), session);
    return { token, ...session };
  }

  /** Signs out, as anywhere else than at this gateway: the session is gone and a fact says so. */
  async end(tokenHash: string): Promise<void> {
    const session = this.#sessions.get(tokenHash);
    if (session === undefined) return;
    this.#sessions.delete(tokenHash);
    const { sessionId, account } = session;
    await this.told(`account-${account.accountId}`, {
      type: 'AccountSignedOut',
      data: { accountId: account.accountId, sessionId, at: AT },
    });
  }

  /** Gives an account other permissions, as somebody elsewhere did: the registry knows, and a fact says so. */
  async permit(accountId: string, permissions: readonly Permission[]): Promise<void> {
    for (const session of this.#sessions.values())
      if (session.account.accountId === accountId) session.account.permissions = [...permissions];
    await this.told(`account-${accountId}`, {
      type: 'AccountPermissionsChanged',
      data: { accountId, permissions: [...permissions], from: [], at: AT },
    });
  }

  /** Disables an account without a word about its sessions, which the registry ends on its side. */
  async disable(accountId: string): Promise<void> {
    for (const [hash, { account }] of this.#sessions) if (account.accountId === accountId) this.#sessions.delete(hash);
    await this.told(`account-${accountId}`, { type: 'AccountDisabled', data: { accountId, at: AT } });
  }

  /** A key of an account of its own, made without this gateway. */
  async makeKey(
    permissions: readonly KeyPermission[],
    { owner = allPermissions, expiresAt }: { owner?: readonly Permission[]; expiresAt?: string } = {},
  ): Promise<{ key: string; keyId: string; ownerId: string }> {
    const [keyId, ownerId] = [randomUUID(), randomUUID()];
    const key = `${API_KEY_MARK}${randomBytes(32).toString('base64url')}`;
    await this.told(`account-${ownerId}`, {
      type: 'AccountCreated',
      data: { accountId: ownerId, name: 'grace', permissions: [...owner], at: AT },
    });
    await this.told(`key-${keyId}`, {
      type: 'ApiKeyCreated',
      data: {
        ...{ keyId, ownerId, name: 'Search', prefix: prefixOfKey(key), hash: hashOf(key), at: AT },
        permissions: [...permissions],
        ...(expiresAt !== undefined && { expiresAt }),
      },
    });
    return { key, keyId, ownerId };
  }

  /** A fact of the registry, by nobody in particular. */
  told(stream: string, event: AccountEvent | ApiKeyEvent | IntegrationEvent): Promise<void> {
    return this.publish(factOf(stream, ++this.#position, event));
  }

  async publish(fact: Fact): Promise<void> {
    const { lastId } = await this.bus.tail(familyOfStream(fact.stream).stream);
    await this.bus.publishFact(fact, { after: lastId });
  }

  async stop(): Promise<void> {
    await this.bus.close();
  }
}

const factOf = (stream: string, position: number, event: AccountEvent | ApiKeyEvent | IntegrationEvent): Fact => ({
  ...event,
  id: randomUUID(),
  stream,
  version: position,
  position,
  at: AT,
  meta: {
    actor: { kind: 'gateway', id: 'registry', name: 'Registry' },
    commandId: randomUUID(),
    correlationId: randomUUID(),
  },
});
