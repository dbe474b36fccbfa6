import type { Server as HttpServer } from 'node:http';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import {
  type ConsoleToServer,
  type Joined,
  neededToList,
  NodeRoom,
  Outage,
  parseInput,
  readableFamilies,
  Refusal,
  type RegistryList,
  type SocketRefusal,
  socketPolicy,
} from '@muster/contracts';
import { Bus } from '@muster/bus';
import { Clock, Ids } from '@muster/service';
import { beginSpan } from '@muster/tracing';
import { KnownKeys } from '../api-keys/known-keys.js';
import { GatewayConfig } from '../config.js';
import { originMaySocket } from '../doors/origins.js';
import { doorCodes } from '../doors/problems.js';
import { FleetFeed } from '../fleet/fleet-feed.js';
import { ModelsFeed } from '../models/models-feed.js';
import { FiguresFeed } from '../requests/figures-feed.js';
import type { Session } from '../sessions/session-cache.js';
import { hashOf, tokenOf } from '../sessions/session-cookie.js';
import { Sessions } from '../sessions/sessions.js';
import { KnownSettings } from '../settings/known-settings.js';
import {
  ConsoleRooms,
  FIGURES_ROOM,
  FLEET_ROOM,
  logRoom,
  metricsRoom,
  MODELS_ROOM,
  placeOf,
  REQUESTS_ROOM,
} from './console-rooms.js';
import { type ConsoleServer, consoleServer, type ConsoleSocket } from './console-server.js';
import { EventRate } from './event-rate.js';
import { ListTeller } from './list-teller.js';
import { Outbox } from './outbox.js';
import type { Entered } from './room.js';

/** Sockets of one session at once: tabs, and those of them that have not noticed yet that they are gone. */
const MOST_OF_A_SESSION = 20;

/** Each session is asked for again that often, beside every event and every fact about it. */
const CHECK_SESSIONS_MS = 60_000;

/** How often all sockets are looked at; one for which much waits is looked at with each change. */
const LOOK_MS = 500;

const accountRoom = (accountId: string): string => `account:${accountId}`;
const sessionRoom = (sessionId: string): string => `session:${sessionId}`;

/** The same answer as on the REST door, in the form that a socket has for it. */
function refusalOf(error: unknown): SocketRefusal {
  if (error instanceof Refusal) return { ok: false, code: error.code, words: error.message };
  return { ok: false, code: 'outage', words: error instanceof Outage ? doorCodes.outage : doorCodes.bug };
}

const isEvent = (name: string): name is keyof ConsoleToServer => Object.hasOwn(socketPolicy, name);

/**
 * The door of the live console. Lets a socket in with a session and from a page of ours, asks at every event whether the
 * session still holds and may do that, and closes what stands open when it ends.
 */
@Injectable()
export class ConsoleDoor implements BeforeApplicationShutdown {
  readonly #log = new Logger('Console');
  #server: ConsoleServer | undefined;
  #rooms: ConsoleRooms | undefined;
  #timers: NodeJS.Timeout[] = [];
  /** What went to sockets that are closed by now. */
  #bytesBefore = 0;
  readonly #lists = new ListTeller((list) => void this.#tellOfList(list));

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly config: GatewayConfig,
    private readonly settings: KnownSettings,
    private readonly sessions: Sessions,
    private readonly keys: KnownKeys,
    private readonly feed: FleetFeed,
    private readonly models: ModelsFeed,
    private readonly figures: FiguresFeed,
  ) {}

  /** Serves sockets on this HTTP server. Once, before it listens. */
  attach(http: HttpServer): void {
    const server = consoleServer(
      http,
      () => this.settings.origins,
      (origin) => {
        this.#log.warn({ msg: 'A socket from a foreign page was refused', origin });
      },
    );
    const ports = { bus: this.bus, clock: this.clock, ids: this.ids };
    const feeds = { fleet: this.feed, models: this.models, figures: this.figures };
    const rooms = new ConsoleRooms(server, ports, feeds);
    this.#server = server;
    this.#rooms = rooms;
    server.use((socket, next) => {
      this.#admit(socket).then(
        () => {
          next();
        },
        (error: unknown) => {
          const refusal = refusalOf(error);
          next(Object.assign(new Error(refusal.code), { data: refusal }));
        },
      );
    });
    server.on('connection', (socket) => {
      const tcp = socket.request.socket;
      socket.once('disconnect', () => {
        this.#bytesBefore += tcp.bytesWritten;
      });
      this.#serve(socket, rooms);
    });
    this.sessions.onEnd((sessionId) => {
      this.#end(sessionId);
    });
    this.sessions.onChange((accountId) => {
      void this.#checkAccount(accountId);
    });
    this.settings.onChange(() => {
      for (const socket of server.of('/').sockets.values())
        if (!originMaySocket(socket.request.headers.origin, this.settings.origins))
          this.#close(socket, 'Its page comes from an origin that is not allowed any more');
    });
    this.keys.onChange((list) => {
      this.#lists.changed(list);
    });
    this.#timers = [
      setInterval(() => void this.#checkSessions(), CHECK_SESSIONS_MS),
      setInterval(() => {
        for (const socket of server.of('/').sockets.values()) this.#look(socket);
      }, LOOK_MS),
    ];
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#lists.stop();
    this.#rooms?.close();
    this.#server?.disconnectSockets(true);
    // Its promise also waits for the HTTP server, which is closed by whoever opened it.
    this.#server?.engine.close();
    await Promise.resolve();
  }

  /** The server of the console. Throws before it is attached. */
  get server(): ConsoleServer {
    if (this.#server === undefined) throw new Error('The door is not attached yet');
    return this.#server;
  }

  /** What the console's sockets do at this moment, and have done so far. */
  get counts(): { readonly sockets: number; readonly bytes: number; readonly rooms: ConsoleRooms['counts'] } {
    const open = [...(this.#server?.of('/').sockets.values() ?? [])];
    const bytes = open.reduce((sum, socket) => sum + socket.request.socket.bytesWritten, this.#bytesBefore);
    return { sockets: open.length, bytes, rooms: this.#rooms?.counts ?? [] };
  }

  async #admit(socket: ConsoleSocket): Promise<void> {
    const token = tokenOf(this.config.cookie, socket.request.headers.cookie);
    const session = token === undefined ? undefined : await this.sessions.of(token);
    if (token === undefined || session === undefined) throw new Refusal('not-signed-in');
    const {
      sessionId,
      account: { accountId },
    } = session;
    const others = this.#server?.of('/').adapter.rooms.get(sessionRoom(sessionId))?.size ?? 0;
    if (others >= MOST_OF_A_SESSION)
      throw new Refusal('too-many-tries', { words: 'Too many pages are open under this session.' });
    const nowMs = this.clock.monotonicMs();
    const outbox = new Outbox(socket.conn, socket.request.socket, nowMs, () => this.#look(socket));
    socket.data = { tokenHash: hashOf(token), sessionId, accountId, outbox, rate: new EventRate(nowMs) };
    await socket.join([sessionRoom(sessionId), accountRoom(accountId)]);
  }

  #serve(socket: ConsoleSocket, rooms: ConsoleRooms): void {
    socket.use(([name, ...values], next) => {
      void this.#mayDo(socket, name, values).then((may) => {
        if (may) next();
      });
    });
    socket.on('fleet:join', (ack) => {
      void this.#answer(socket, 'fleet:join', ack, () => rooms.enterFleet(socket));
    });
    socket.on('models:join', (ack) => {
      void this.#answer(socket, 'models:join', ack, () => rooms.enterModels(socket));
    });
    socket.on('models:leave', () => {
      rooms.leave(socket, MODELS_ROOM);
    });
    socket.on('metrics:join', (request, ack) => {
      void this.#answer(socket, 'metrics:join', ack, () =>
        rooms.enterMetrics(socket, parseInput(NodeRoom, request).nodeId),
      );
    });
    socket.on('log:join', (request, ack) => {
      void this.#answer(socket, 'log:join', ack, () => rooms.enterLog(socket, parseInput(NodeRoom, request).nodeId));
    });
    socket.on('history:join', (ack) => {
      void this.#answer(socket, 'history:join', ack, async () => {
        const session = await this.sessions.byHash(socket.data.tokenHash);
        if (session === undefined) throw new Refusal('not-signed-in');
        return rooms.enterHistory(socket, readableFamilies(session.account.permissions));
      });
    });
    socket.on('history:leave', () => {
      rooms.leaveHistory(socket);
    });
    socket.on('figures:join', (ack) => {
      void this.#answer(socket, 'figures:join', ack, () => rooms.enterFigures(socket));
    });
    socket.on('figures:leave', () => {
      rooms.leave(socket, FIGURES_ROOM);
    });
    socket.on('requests:join', (ack) => {
      void this.#answer(socket, 'requests:join', ack, () => rooms.enterRequests(socket));
    });
    socket.on('requests:leave', () => {
      rooms.leave(socket, REQUESTS_ROOM);
    });
    socket.on('fleet:leave', () => {
      rooms.leave(socket, FLEET_ROOM);
    });
    socket.on('metrics:leave', (request) => {
      leaveNode(request, (nodeId) => {
        rooms.leave(socket, metricsRoom(nodeId));
      });
    });
    socket.on('log:leave', (request) => {
      leaveNode(request, (nodeId) => {
        rooms.leave(socket, logRoom(nodeId));
      });
    });
    socket.on('console:ping', (ack: unknown) => {
      if (typeof ack === 'function') ack();
    });
  }

  /** Before every event: is it one that we know, not too many of them, from a session that still holds and may do it? */
  async #mayDo(socket: ConsoleSocket, name: string, values: readonly unknown[]): Promise<boolean> {
    const ack = values.at(-1);
    try {
      const verdict = socket.data.rate.take(this.clock.monotonicMs());
      if (verdict === 'flooding') {
        this.#close(socket, 'It floods');
        return false;
      }
      if (verdict === 'refused') throw new Refusal('too-many-tries');
      if (!isEvent(name)) throw new Refusal('not-found');
      const session = await this.sessions.byHash(socket.data.tokenHash);
      if (session === undefined) {
        this.#end(socket.data.sessionId);
        throw new Refusal('not-signed-in');
      }
      const needed = socketPolicy[name];
      if (needed !== 'open' && !session.account.permissions.includes(needed)) throw new Refusal('not-permitted');
      return true;
    } catch (error) {
      this.#tell(error);
      if (typeof ack === 'function') ack(refusalOf(error));
      return false;
    }
  }

  /** Lets into a room, as a trace of its own with all that is asked for the snapshot. */
  async #answer<Snapshot>(
    socket: ConsoleSocket,
    name: keyof ConsoleToServer,
    ack: unknown,
    enter: () => Promise<Entered<Snapshot> | undefined>,
  ): Promise<void> {
    // Without a place for the snapshot there is nothing to enter for.
    if (typeof ack !== 'function') return;
    const reply = ack as (joined: Joined<Snapshot>) => void;
    const span = beginSpan(name, 'server', { from: { traceparent: undefined } });
    try {
      const entered = await (span === undefined ? enter() : span.run(enter));
      if (entered === undefined) return;
      socket.data.outbox.snapshot(() => {
        reply({ ok: true, ...entered });
      });
      // It may have been taken from the account while the snapshot was fetched.
      await this.#check(socket);
    } catch (error) {
      this.#tell(error);
      if (!(error instanceof Refusal)) span?.failed(error);
      reply(refusalOf(error));
    } finally {
      span?.end();
    }
  }

  /** Looks whether a socket keeps up, and draws the consequence: out of its rooms, back in, or gone. */
  #look(socket: ConsoleSocket): void {
    const { outbox } = socket.data;
    const verdict = outbox.judge(this.clock.monotonicMs());
    switch (verdict) {
      case 'flowing':
        return;
      case 'held':
        for (const name of this.#rooms?.leaveAll(socket) ?? []) outbox.hold(name);
        return;
      case 'drained':
        for (const name of outbox.release()) {
          const place = placeOf(name);
          if (place !== undefined) socket.emit('room:dirty', place);
        }
        return;
      case 'too-much':
      case 'stuck':
        this.#close(socket, verdict === 'stuck' ? 'It takes nothing any more' : 'Too much waits for it');
    }
  }

  /** Closes without waiting for an answer: whoever does not read does not answer either. */
  #close(socket: ConsoleSocket, why: string): void {
    const { queuedBytes } = socket.data.outbox.flow;
    this.#log.warn({ msg: `A socket was closed. ${why}`, queuedBytes, sessionId: socket.data.sessionId });
    const tcp = socket.request.socket;
    socket.disconnect(true);
    tcp.destroy();
  }

  #end(sessionId: string): void {
    const room = this.#server?.in(sessionRoom(sessionId));
    room?.emit('session:ended');
    room?.disconnectSockets(true);
  }

  /** Every session of an account that was changed is looked at again at once. Nobody goes on by what was before. */
  async #checkAccount(accountId: string): Promise<void> {
    const { adapter, sockets } = this.server.of('/');
    for (const id of [...(adapter.rooms.get(accountRoom(accountId)) ?? [])]) {
      const socket = sockets.get(id);
      if (socket === undefined) continue;
      // When nobody can tell what it may do now, it has to come in anew.
      if (await this.#check(socket)) socket.emit('session:changed');
      else socket.disconnect(true);
    }
  }

  /** Tells every page that may read the list. One whose session nobody can tell of right now reads it again by itself. */
  async #tellOfList(list: RegistryList): Promise<void> {
    for (const socket of [...this.server.of('/').sockets.values()])
      try {
        const session = await this.sessions.byHash(socket.data.tokenHash);
        if (session?.account.permissions.includes(neededToList[list])) socket.emit('list:changed', list);
      } catch (error) {
        this.#tell(error);
      }
  }

  async #checkSessions(): Promise<void> {
    // Where nobody can tell right now, nothing changes: what ends a session is a fact, and comes as soon as anything does.
    for (const socket of [...this.server.of('/').sockets.values()]) await this.#check(socket);
  }

  /** Ends what the session of a socket no longer allows. False when nobody could tell. */
  async #check(socket: ConsoleSocket): Promise<boolean> {
    try {
      const session: Session | undefined = await this.sessions.byHash(socket.data.tokenHash);
      if (session === undefined) this.#end(socket.data.sessionId);
      else if (!session.account.permissions.includes('fleet:view')) this.#rooms?.leaveAll(socket);
      else this.#rooms?.limitHistory(socket, readableFamilies(session.account.permissions));
      return true;
    } catch (error) {
      this.#tell(error);
      return false;
    }
  }

  #tell(error: unknown): void {
    if (error instanceof Outage) this.#log.warn({ msg: error.message, part: error.part });
    else if (!(error instanceof Refusal)) this.#log.error({ msg: 'An event failed', err: error });
  }
}

function leaveNode(request: unknown, leave: (nodeId: string) => void): void {
  const parsed = NodeRoom.safeParse(request);
  if (parsed.success) leave(parsed.data.nodeId);
}
