import type { Numbered } from '@muster/contracts';
import { Room, type Say } from './room.js';
import { RoomKeeper } from './room-keeper.js';

interface Count {
  count: number;
}

/** Rooms that show a count; what is said in them is kept. */
function rooms() {
  const members = new Set<string>();
  const said: (Numbered & Count)[] = [];
  let epochs = 0;
  let closed = 0;
  let count = 0;
  let say: Say<Count> | undefined;
  let open: () => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const keeper: RoomKeeper<number, Count> = new RoomKeeper(
    () =>
      new Room<number, Count>(
        `epoch-${++epochs}`,
        (given) => {
          say = given;
          const ready = new Promise<void>((resolve, reject) => {
            open = resolve;
            fail = reject;
          });
          return { ready, snapshot: () => count, close: () => closed++ };
        },
        (change) => said.push(change),
        () => {
          members.clear();
          keeper.close('a');
        },
      ),
    (name) => members.has(name),
  );
  const enter = () => keeper.enter('a', () => members.add('a').size > 0);
  return {
    keeper,
    members,
    said,
    enter,
    closed: () => closed,
    open: () => open(),
    fail: (error: Error) => fail(error),
    lost: () => say?.lost(),
    grow: () => say?.change({ count: ++count }),
  };
}

describe('a room', () => {
  it('numbers its changes on from the snapshot, without a hole', async () => {
    const { enter, open, grow, said } = rooms();
    const entering = enter();
    grow();
    open();
    expect(await entering).toEqual({ epoch: 'epoch-1', seq: 1, snapshot: 1 });
    grow();
    expect(said.at(-1)).toEqual({ epoch: 'epoch-1', seq: 2, count: 2 });
    expect(await enter()).toEqual({ epoch: 'epoch-1', seq: 2, snapshot: 2 });
  });

  it('is opened once for all who come, and closed after the last', async () => {
    const { keeper, enter, open, members, closed } = rooms();
    const both = [enter(), enter()];
    open();
    await Promise.all(both);
    keeper.left('a');
    expect(closed()).toBe(0);
    members.clear();
    keeper.left('a');
    expect(closed()).toBe(1);
    expect(keeper.openRooms).toBe(0);
  });

  it('is closed when whoever opened it has gone before it was ready', async () => {
    const { keeper, open, closed } = rooms();
    const entering = keeper.enter('a', () => false);
    keeper.left('a');
    expect(closed()).toBe(0);
    open();
    expect(await entering).toBeUndefined();
    expect(closed()).toBe(1);
  });

  it('refuses with the reason when it cannot be opened, and tries anew for the next', async () => {
    const { enter, fail, open } = rooms();
    const entering = enter();
    fail(new Error('away'));
    await expect(entering).rejects.toThrow('away');
    const again = enter();
    open();
    expect(await again).toMatchObject({ epoch: 'epoch-2', seq: 0 });
  });

  it('has another epoch after it lost its thread, and says nothing more under the old one', async () => {
    const { enter, open, lost, grow, said } = rooms();
    const entering = enter();
    open();
    await entering;
    lost();
    grow();
    expect(said).toEqual([]);
    const again = enter();
    open();
    expect(await again).toMatchObject({ epoch: 'epoch-2', seq: 0 });
  });

  it('does not let anybody in who waited while it lost its thread', async () => {
    const { enter, open, lost } = rooms();
    const entering = enter();
    lost();
    open();
    await expect(entering).rejects.toThrow(/lost its thread/);
  });
});
