import {
  type FactFamilyName,
  type FleetChange,
  type FleetSnapshot,
  type Figures,
  type HistoryEntry,
  type HistoryPage,
  type LogEntry,
  type LogSnapshot,
  type ModelsChange,
  type ModelsSnapshot,
  factFamilyNames,
  type NodeSample,
  type Numbered,
  Refusal,
  type RequestPage,
  type RequestView,
} from '@muster/contracts';
import type { FleetFeed } from '../fleet/fleet-feed.js';
import type { ModelsFeed } from '../models/models-feed.js';
import type { FiguresFeed } from '../requests/figures-feed.js';
import type { ConsoleServer, ConsoleSocket } from './console-server.js';
import { END_BYTES } from './pressure.js';
import { type Entered, Room, type Say, type Source } from './room.js';
import { RoomKeeper } from './room-keeper.js';
import {
  openFigures,
  openFleet,
  openHistory,
  openLog,
  openMetrics,
  openModels,
  openRequests,
  type SourcePorts,
} from './sources.js';

interface MetricsChange {
  nodeId: string;
  samples: NodeSample[];
}
interface LogChange {
  nodeId: string;
  entries: LogEntry[];
}

interface HistoryChange {
  entries: HistoryEntry[];
}

export const FLEET_ROOM = 'fleet';
export const MODELS_ROOM = 'models';
export const FIGURES_ROOM = 'figures';
export const REQUESTS_ROOM = 'requests';
/** A room for each set of families that somebody may read: who may read less is in another one. */
export const historyRoom = (families: readonly FactFamilyName[]): string => `history:${families.join('+')}`;
export const metricsRoom = (nodeId: string): string => `node:${nodeId}:metrics`;
export const logRoom = (nodeId: string): string => `node:${nodeId}:log`;

interface Place {
  room: 'fleet' | 'models' | 'metrics' | 'log' | 'history' | 'figures' | 'requests';
  nodeId?: string;
}

const isHistory = (name: string): boolean => name.startsWith('history:');
const familiesOf = (name: string): FactFamilyName[] =>
  factFamilyNames.filter((family) => name.slice('history:'.length).split('+').includes(family));

/** What a room's name says; undefined for the rooms that are not the console's. */
export function placeOf(name: string): Place | undefined {
  if (name === FLEET_ROOM || name === MODELS_ROOM) return { room: name };
  if (name === FIGURES_ROOM || name === REQUESTS_ROOM) return { room: name };
  if (isHistory(name)) return { room: 'history' };
  const [, nodeId, room] = /^node:([^:]+):(metrics|log)$/.exec(name) ?? [];
  return nodeId === undefined ? undefined : { room: room === 'log' ? 'log' : 'metrics', nodeId };
}

/** So many rooms one socket may be in; a page is in four. */
const MOST_ROOMS = 16;

/** What the rooms show that the gateway knows anyway. */
interface Feeds {
  readonly fleet: FleetFeed;
  readonly models: ModelsFeed;
  readonly figures: FiguresFeed;
}

/** The rooms of the live console: who is in them and what is said in them, never more than a socket can take. */
export class ConsoleRooms {
  readonly #said = new Map<Place['room'], number>();
  readonly #fleet: RoomKeeper<FleetSnapshot, FleetChange>;
  readonly #models: RoomKeeper<ModelsSnapshot, ModelsChange>;
  readonly #metrics: RoomKeeper<{ samples: NodeSample[] }, MetricsChange>;
  readonly #log: RoomKeeper<LogSnapshot, LogChange>;
  readonly #history: RoomKeeper<HistoryPage, HistoryChange>;
  readonly #figures: RoomKeeper<{ figures: Figures | null }, { figures: Figures }>;
  readonly #requests: RoomKeeper<RequestPage, { changed: RequestView[] }>;

  constructor(
    private readonly server: ConsoleServer,
    private readonly ports: SourcePorts,
    private readonly feeds: Feeds,
  ) {
    this.#fleet = this.#keeper(
      (_name, say) => openFleet(feeds.fleet, say),
      (name, change) => server.to(name).emit('fleet:change', change),
    );
    this.#models = this.#keeper(
      (_name, say) => openModels(feeds.models, say),
      (name, change) => server.to(name).emit('models:change', change),
    );
    this.#metrics = this.#keeper(
      (name, say) => openMetrics(ports, placeOf(name)?.nodeId ?? '', say),
      (name, change) => server.to(name).emit('metrics:change', change),
    );
    this.#log = this.#keeper(
      (name, say) => openLog(ports, placeOf(name)?.nodeId ?? '', say),
      (name, change) => server.to(name).emit('log:change', change),
    );
    this.#history = this.#keeper(
      (name, say) => openHistory(ports, familiesOf(name), say),
      (name, change) => server.to(name).emit('history:change', change),
    );
    this.#figures = this.#keeper(
      (_name, say) => openFigures(feeds.figures, say),
      (name, change) => server.to(name).emit('figures:change', change),
    );
    this.#requests = this.#keeper(
      (_name, say) => openRequests(ports, say),
      (name, change) => server.to(name).emit('requests:change', change),
    );
    server.of('/').adapter.on('delete-room', (name: string) => {
      for (const keeper of this.#keepers) keeper.left(name);
    });
  }

  enterFleet(socket: ConsoleSocket): Promise<Entered<FleetSnapshot> | undefined> {
    return this.#enter(this.#fleet, FLEET_ROOM, socket);
  }

  enterModels(socket: ConsoleSocket): Promise<Entered<ModelsSnapshot> | undefined> {
    return this.#enter(this.#models, MODELS_ROOM, socket);
  }

  async enterMetrics(socket: ConsoleSocket, nodeId: string): Promise<Entered<{ samples: NodeSample[] }> | undefined> {
    await this.#mustKnow(nodeId);
    return this.#enter(this.#metrics, metricsRoom(nodeId), socket);
  }

  async enterLog(socket: ConsoleSocket, nodeId: string): Promise<Entered<LogSnapshot> | undefined> {
    await this.#mustKnow(nodeId);
    return this.#enter(this.#log, logRoom(nodeId), socket);
  }

  enterHistory(socket: ConsoleSocket, families: readonly FactFamilyName[]): Promise<Entered<HistoryPage> | undefined> {
    this.leaveHistory(socket);
    return this.#enter(this.#history, historyRoom(families), socket);
  }

  enterFigures(socket: ConsoleSocket): Promise<Entered<{ figures: Figures | null }> | undefined> {
    return this.#enter(this.#figures, FIGURES_ROOM, socket);
  }

  enterRequests(socket: ConsoleSocket): Promise<Entered<RequestPage> | undefined> {
    return this.#enter(this.#requests, REQUESTS_ROOM, socket);
  }

  /** How many rooms are open, by kind, and how many changes were said in rooms of that kind so far. */
  get counts(): { readonly kind: Place['room']; readonly open: number; readonly said: number }[] {
    const keepers = {
      fleet: this.#fleet,
      models: this.#models,
      metrics: this.#metrics,
      log: this.#log,
      history: this.#history,
      figures: this.#figures,
      requests: this.#requests,
    } as const;
    return (Object.keys(keepers) as Place['room'][]).map((kind) => ({
      kind,
      open: keepers[kind].openRooms,
      said: this.#said.get(kind) ?? 0,
    }));
  }

  leaveHistory(socket: ConsoleSocket): void {
    for (const name of [...socket.rooms].filter(isHistory)) this.leave(socket, name);
  }

  /** Leaves a timeline of other facts than these, after the permissions changed, and asks the page to come in again. */
  limitHistory(socket: ConsoleSocket, families: readonly FactFamilyName[]): void {
    for (const name of [...socket.rooms].filter(isHistory)) {
      if (name === historyRoom(families)) continue;
      this.leave(socket, name);
      socket.emit('room:dirty', { room: 'history' });
    }
  }

  leave(socket: ConsoleSocket, name: string): void {
    void socket.leave(name);
  }

  /** Takes a socket out of every room of the console; the names of those it was in. */
  leaveAll(socket: ConsoleSocket): string[] {
    const names = [...socket.rooms].filter((name) => placeOf(name) !== undefined);
    for (const name of names) this.leave(socket, name);
    return names;
  }

  close(): void {
    for (const keeper of this.#keepers) keeper.closeAll();
  }

  get #keepers() {
    const ofNodes = [this.#fleet, this.#models, this.#metrics, this.#log] as const;
    return [...ofNodes, this.#history, this.#figures, this.#requests] as const;
  }

  #keeper<Snapshot, Change extends object>(
    open: (name: string, say: Say<Change>) => Source<Snapshot>,
    send: (name: string, change: Numbered & Change) => void,
  ): RoomKeeper<Snapshot, Change> {
    const keeper: RoomKeeper<Snapshot, Change> = new RoomKeeper(
      (name) =>
        new Room<Snapshot, Change>(
          this.ports.ids.uuid(),
          (say) => open(name, say),
          (change) => {
            // One message for the whole room: it is put into words, and into a frame, once.
            send(name, change);
            const kind = placeOf(name)?.room ?? 'fleet';
            this.#said.set(kind, (this.#said.get(kind) ?? 0) + 1);
          },
          () => {
            keeper.close(name);
            this.#dismiss(name);
          },
        ),
      (name) => this.server.of('/').adapter.rooms.has(name),
    );
    return keeper;
  }

  async #enter<Snapshot, Change extends object>(
    keeper: RoomKeeper<Snapshot, Change>,
    name: string,
    socket: ConsoleSocket,
  ): Promise<Entered<Snapshot> | undefined> {
    const crowded = this.#roomsOf(socket) >= MOST_ROOMS && !socket.rooms.has(name);
    if (crowded) throw new Refusal('too-many-tries', { words: 'This page is in too many rooms at once.' });
    return keeper.enter(name, () => {
      if (socket.disconnected) return false;
      // Snapshots are large: whoever does not read what it has gets no more of them.
      if (socket.data.outbox.flow.queuedBytes > END_BYTES)
        throw new Refusal('too-many-tries', { words: 'This page does not keep up with what it is sent.' });
      void socket.join(name);
      return true;
    });
  }

  #roomsOf = (socket: ConsoleSocket): number => [...socket.rooms].filter((name) => placeOf(name) !== undefined).length;

  /** Everybody out, with the word to come in anew. */
  #dismiss(name: string): void {
    const place = placeOf(name);
    if (place !== undefined) this.server.to(name).emit('room:dirty', place);
    this.server.in(name).socketsLeave(name);
  }

  async #mustKnow(nodeId: string): Promise<void> {
    await this.feeds.fleet.ready();
    if (!this.feeds.fleet.has(nodeId)) throw new Refusal('node-unknown');
  }
}
