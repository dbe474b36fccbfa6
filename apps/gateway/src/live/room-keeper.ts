import { Outage } from '@muster/contracts';
import type { Entered, Room } from './room.js';

/** Opens a room for its first member and closes it after its last. Bounded by the members: no room without one. */
export class RoomKeeper<Snapshot, Change extends object> {
  readonly #rooms = new Map<string, Room<Snapshot, Change>>();

  constructor(
    private readonly open: (name: string) => Room<Snapshot, Change>,
    private readonly hasMembers: (name: string) => boolean,
  ) {}

  get openRooms(): number {
    return this.#rooms.size;
  }

  /**
   * Brings somebody in: waits until the room has something to show, then `step` makes them a member, and in the same
   * breath the snapshot is taken, so that no change falls between the two. Undefined when they have gone meanwhile.
   */
  async enter(name: string, step: () => boolean): Promise<Entered<Snapshot> | undefined> {
    const room = this.#rooms.get(name) ?? this.#make(name);
    room.waiting += 1;
    try {
      await room.ready;
    } catch (error) {
      this.close(name, room);
      throw error;
    } finally {
      room.waiting -= 1;
    }
    if (this.#rooms.get(name) !== room) throw new Outage('gateway', 'The room lost its thread while it opened');
    try {
      return step() ? room.entered() : undefined;
    } finally {
      this.left(name);
    }
  }

  /** Somebody went: when nobody is there nor on the way in, the room closes. */
  left(name: string): void {
    const room = this.#rooms.get(name);
    if (room !== undefined && room.waiting === 0 && !this.hasMembers(name)) this.close(name, room);
  }

  /** Closes the room, this very one when told which. */
  close(name: string, only = this.#rooms.get(name)): void {
    const room = this.#rooms.get(name);
    if (room === undefined || room !== only) return;
    this.#rooms.delete(name);
    room.close();
  }

  closeAll(): void {
    for (const name of [...this.#rooms.keys()]) this.close(name);
  }

  #make(name: string): Room<Snapshot, Change> {
    const room = this.open(name);
    this.#rooms.set(name, room);
    return room;
  }
}
