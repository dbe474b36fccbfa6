import * as z from 'zod/mini';
import type { HistoryEntry } from '../history/history-entry.js';
import type { HistoryPage } from '../history/history.orders.js';
import type { LogEntry } from '../monitor/log-entry.js';
import type { NodeSample } from '../monitor/sample.js';
import type { Permission } from '../permissions.js';
import type { RefusalCode } from '../refusal.js';
import { NodeId } from '../registry/node.events.js';
import type { Figures } from '../stats/figures.js';
import type { RequestView } from '../stats/request-view.js';
import type { RequestPage } from '../stats/stats.orders.js';
import type { FleetChange, FleetSnapshot, ModelsChange, ModelsSnapshot } from './views.js';

/** A room's messages are numbered: `seq` grows by one while `epoch` stays. Whoever sees a hole or another epoch joins again. */
export interface Numbered {
  readonly epoch: string;
  readonly seq: number;
}

export type Joined<Snapshot> = { ok: true; epoch: string; seq: number; snapshot: Snapshot } | SocketRefusal;
export interface SocketRefusal {
  ok: false;
  code: RefusalCode | 'outage';
  words: string;
}

export interface LogSnapshot {
  /** The monitor's numbering; another one than before means that the monitor started anew. */
  logEpoch: string;
  entries: LogEntry[];
  /** Older entries are there: `GET /api/nodes/:nodeId/log?before=`. */
  more: boolean;
}

/**
 * Rooms: `fleet`, `models` (of every node), `history` (the newest entries, then each that joins, of what one may read),
 * `figures`, `requests` (the newest, then those that change), and of each node `node:<id>:metrics` and `node:<id>:log`. Join =
 * snapshot by the ack, then numbered changes.
 */
export interface ConsoleToServer {
  'fleet:join': (ack: (joined: Joined<FleetSnapshot>) => void) => void;
  'fleet:leave': () => void;
  'models:join': (ack: (joined: Joined<ModelsSnapshot>) => void) => void;
  'models:leave': () => void;
  'metrics:join': (request: { nodeId: string }, ack: (joined: Joined<{ samples: NodeSample[] }>) => void) => void;
  'metrics:leave': (request: { nodeId: string }) => void;
  'log:join': (request: { nodeId: string }, ack: (joined: Joined<LogSnapshot>) => void) => void;
  'log:leave': (request: { nodeId: string }) => void;
  'history:join': (ack: (joined: Joined<HistoryPage>) => void) => void;
  'history:leave': () => void;
  'figures:join': (ack: (joined: Joined<{ figures: Figures | null }>) => void) => void;
  'figures:leave': () => void;
  'requests:join': (ack: (joined: Joined<RequestPage>) => void) => void;
  'requests:leave': () => void;
  /** Round trip as the page shows it. */
  'console:ping': (ack: () => void) => void;
}

export interface ServerToConsole {
  'fleet:change': (change: Numbered & FleetChange) => void;
  'models:change': (change: Numbered & ModelsChange) => void;
  'metrics:change': (change: Numbered & { nodeId: string; samples: NodeSample[] }) => void;
  'log:change': (change: Numbered & { nodeId: string; entries: LogEntry[] }) => void;
  'history:change': (change: Numbered & { entries: HistoryEntry[] }) => void;
  'figures:change': (change: Numbered & { figures: Figures }) => void;
  'requests:change': (change: Numbered & { changed: RequestView[] }) => void;
  /** The server asks the page to join this room again: it could not keep up, or the server lost its thread. */
  'room:dirty': (room: {
    room: 'fleet' | 'models' | 'metrics' | 'log' | 'history' | 'figures' | 'requests';
    nodeId?: string;
  }) => void;
  /** A list of the registry is not what it was: read it again. Told only to whoever may read it, at most once a second. */
  'list:changed': (list: RegistryList) => void;
  /** Name or permissions of the account are others now: ask who is signed in, and show what it may see. */
  'session:changed': () => void;
  /** The session ended; the socket closes after this. */
  'session:ended': () => void;
}

/** Lists that are read over REST, and not a room of their own. */
export type RegistryList = 'accounts' | 'keys';

/** What one needs to read such a list, and to hear that it changed. */
export const neededToList: Record<RegistryList, Permission> = { accounts: 'accounts:manage', keys: 'keys:manage' };

export const NodeRoom = z.object({ nodeId: NodeId });

/** Which permission each event needs; `open` needs a session alone. Every event stands here, or does not compile. */
export const socketPolicy: Record<keyof ConsoleToServer, Permission | 'open'> = {
  'fleet:join': 'fleet:view',
  'fleet:leave': 'open',
  'models:join': 'fleet:view',
  'models:leave': 'open',
  'metrics:join': 'fleet:view',
  'metrics:leave': 'open',
  'log:join': 'fleet:view',
  'log:leave': 'open',
  'history:join': 'fleet:view',
  'history:leave': 'open',
  'figures:join': 'fleet:view',
  'figures:leave': 'open',
  'requests:join': 'fleet:view',
  'requests:leave': 'open',
  'console:ping': 'open',
};
