import {
  computed,
  DestroyRef,
  effect,
  inject,
  InjectionToken,
  Service,
  signal,
  untracked,
  type Signal,
  type WritableSignal,
} from '@angular/core';
import type { ConsoleToServer, Joined, Numbered, RegistryList, ServerToConsole } from '@muster/contracts';
import { io, type Socket } from 'socket.io-client';
import { Session } from '../session/session.js';
import { Clock } from './clock.js';
import { lost, type Remote } from './remote.js';
import { step, type Place } from './room.js';

export type ConsoleSocket = Socket<ServerToConsole, ConsoleToServer>;

/** How the page makes its socket; a test puts another in its place. */
export const MakeSocket = new InjectionToken<() => ConsoleSocket>('MakeSocket', {
  providedIn: 'root',
  factory: () => () =>
    io({
      transports: ['websocket'],
      autoConnect: false,
      reconnectionDelay: 250,
      reconnectionDelayMax: 5_000,
      randomizationFactor: 0.5,
      timeout: 5_000,
    }),
});

export type Live =
  | { readonly state: 'connecting' }
  | { readonly state: 'live'; readonly roundTripMs: number | undefined }
  | { readonly state: 'lost' };

type RoomChange =
  | 'fleet:change'
  | 'models:change'
  | 'metrics:change'
  | 'log:change'
  | 'history:change'
  | 'figures:change'
  | 'requests:change';

/** How to stand in a room: come, go, and make sense of what is said there. */
export interface Room<Snapshot, Change extends Numbered> {
  readonly kind: 'fleet' | 'models' | 'metrics' | 'log' | 'history' | 'figures' | 'requests';
  readonly nodeId?: string;
  join(socket: ConsoleSocket, timeoutMs: number): Promise<Joined<unknown>>;
  leave(socket: ConsoleSocket): void;
  readonly changes: RoomChange;
  /** Undefined when it is not what was agreed. `before` is what was known until now. */
  snapshotOf(joined: unknown, before: Snapshot | undefined): Snapshot | undefined;
  /** Undefined when the message is for another room of this kind, or makes no sense. */
  changeOf(message: unknown): Change | undefined;
  reduce(snapshot: Snapshot, change: Change): Snapshot;
  /** Left while nobody can see the page. */
  readonly onlyWhileVisible: boolean;
}

const JOIN_TIMEOUT_MS = 5_000;
/** Between two tries to join a room that could not be joined. Bounded to one try at a time. */
const JOIN_AGAIN_MS = 1_500;
const PING_EVERY_MS = 5_000;

/** The one socket of the page: there while somebody is signed in, healed by itself, and never silently stale. */
@Service()
export class Connection {
  readonly #session = inject(Session);
  readonly #clock = inject(Clock);
  readonly #socket = inject(MakeSocket)();
  readonly #live = signal<Live>({ state: 'connecting' });
  /** Grows with each connection: whoever stands in a room joins it again. */
  readonly #epoch = signal(0);
  readonly #listChanges: Record<RegistryList, WritableSignal<number>> = { accounts: signal(0), keys: signal(0) };
  #pinger: ReturnType<typeof setInterval> | undefined;
  #redial: ReturnType<typeof setTimeout> | undefined;

  readonly live = this.#live.asReadonly();
  readonly #connected = computed(() => this.#live().state === 'live');

  constructor() {
    this.#socket.on('connect', () => {
      this.#live.set({ state: 'live', roundTripMs: undefined });
      this.#epoch.update((epoch) => epoch + 1);
      this.#ping();
    });
    this.#socket.on('disconnect', () => this.#isLost());
    this.#socket.on('connect_error', () => {
      this.#isLost();
      void this.#session.check();
    });
    this.#socket.on('list:changed', (list) => {
      // A Gateway of another version may know lists that this page does not.
      if (Object.hasOwn(this.#listChanges, list)) this.#listChanges[list].update((changes) => changes + 1);
    });
    this.#socket.on('session:changed', () => void this.#session.check());
    this.#socket.on('session:ended', () => this.#session.ended('Your session has ended. Sign in again.'));
    this.#pinger = setInterval(() => this.#ping(), PING_EVERY_MS);
    effect(() => {
      if (this.#session.account() !== undefined) {
        this.#socket.connect();
      } else {
        this.#socket.disconnect();
        this.#live.set({ state: 'connecting' });
      }
    });
    inject(DestroyRef).onDestroy(() => {
      clearInterval(this.#pinger);
      clearTimeout(this.#redial);
      this.#socket.disconnect();
    });
  }

  /** Another value than before whenever a list may have changed: the Gateway says so, or the connection is a new one. */
  changesOf(list: RegistryList): Signal<string> {
    return computed(() => `${this.#epoch()} ${this.#listChanges[list]()}`);
  }

  /**
   * Stands in a room for as long as the caller lives: a snapshot first, then each change folded in. A hole, another epoch,
   * a dirty room or a new connection joins again. The room may change, or be undefined for none.
   */
  follow<Snapshot, Change extends Numbered>(
    room: Signal<Room<Snapshot, Change> | undefined>,
  ): Signal<Remote<Snapshot>> {
    const view = signal<Remote<Snapshot>>({ state: 'loading' });
    let before: { kind: string; nodeId: string | undefined; snapshot: Snapshot | undefined } | undefined;
    effect((onCleanup) => {
      const target = room();
      const connected = this.#connected();
      this.#epoch();
      if (target === undefined) {
        // Nobody may see it: nothing of what another account saw is kept.
        before = undefined;
        view.set({ state: 'loading' });
        return;
      }
      if (before?.kind !== target.kind || before.nodeId !== target.nodeId) {
        before = { kind: target.kind, nodeId: target.nodeId, snapshot: undefined };
        view.set({ state: 'loading' });
      }
      if (!connected) {
        // Still at the first try to connect: loading says more than lost.
        view.update((remote) => (untracked(this.live).state === 'connecting' ? remote : lost(remote)));
        return;
      }
      if (target.onlyWhileVisible && !this.#clock.visible()) return;
      const memory = before;
      const stay = this.#stand(target, memory.snapshot, (remote) => {
        if (remote.state === 'ready') memory.snapshot = remote.value;
        view.set(remote);
      });
      onCleanup(stay);
    });
    return view.asReadonly();
  }

  #stand<Snapshot, Change extends Numbered>(
    room: Room<Snapshot, Change>,
    known: Snapshot | undefined,
    tell: (remote: Remote<Snapshot>) => void,
  ): () => void {
    const socket = this.#socket;
    let place: Place<Snapshot> | undefined;
    let snapshot = known;
    let gone = false;
    let joining = false;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const join = async (): Promise<void> => {
      if (joining || gone) return;
      joining = true;
      place = undefined;
      const joined = await room.join(socket, JOIN_TIMEOUT_MS).catch(() => undefined);
      joining = false;
      if (gone) return;
      if (joined?.ok === false && (joined.code === 'not-permitted' || joined.code === 'node-unknown')) {
        tell({ state: 'refused', words: joined.words });
        return;
      }
      if (joined?.ok === false && joined.code === 'not-signed-in') void this.#session.check();
      const value = joined?.ok === true ? room.snapshotOf(joined.snapshot, snapshot) : undefined;
      if (joined?.ok === true && value !== undefined) {
        snapshot = value;
        place = { epoch: joined.epoch, seq: joined.seq, snapshot: value };
        tell({ state: 'ready', value });
        return;
      }
      tell({ state: 'lost', last: snapshot });
      timer = setTimeout(() => void join(), JOIN_AGAIN_MS);
    };

    const onChange = (message: unknown): void => {
      if (place === undefined) return;
      const change = room.changeOf(message);
      if (change === undefined) return;
      const taken = step(place, change, (at, next: Change) => room.reduce(at, next));
      if (taken.kind === 'hole') void join();
      if (taken.kind !== 'next') return;
      place = taken.place;
      snapshot = place.snapshot;
      tell({ state: 'ready', value: snapshot });
    };
    const onDirty: ServerToConsole['room:dirty'] = (dirty) => {
      if (dirty.room === room.kind && dirty.nodeId === room.nodeId) void join();
    };

    socket.on(room.changes, onChange);
    socket.on('room:dirty', onDirty);
    void join();
    return () => {
      gone = true;
      clearTimeout(timer);
      socket.off(room.changes, onChange);
      socket.off('room:dirty', onDirty);
      if (socket.connected) room.leave(socket);
    };
  }

  #isLost(): void {
    if (untracked(this.#session.account) === undefined) return;
    this.#live.set({ state: 'lost' });
    // After a refused handshake or a close by the server, socket.io leaves the next try to us.
    if (this.#socket.active) return;
    clearTimeout(this.#redial);
    this.#redial = setTimeout(() => {
      if (untracked(this.#session.account) !== undefined) this.#socket.connect();
    }, 1_000);
  }

  #ping(): void {
    if (!this.#socket.connected || !untracked(this.#clock.visible)) return;
    const startMs = performance.now();
    this.#socket.timeout(PING_EVERY_MS).emit('console:ping', (error: unknown) => {
      if (error != null || !this.#socket.connected) return;
      this.#live.set({ state: 'live', roundTripMs: performance.now() - startMs });
    });
  }
}
