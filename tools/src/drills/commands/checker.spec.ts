import { check, type Row } from './checker.js';

const row = (command: string, version: number, position: number | null, stream_id = 'account-a'): Row => ({
  ...{ command, version, stream_id },
  position: position === null ? null : String(position),
});
const answer = (commandId: string, version: number, stream = 'account-a') => ({ commandId, version, stream });
const right = { lost: 0, doubled: 0, misquoted: 0, backwards: 0, holes: 0, misplaced: 0 };

describe('the history of orders beside what is stored', () => {
  it('is right when each order led to the version that was answered, once, and positions are dense', () => {
    const rows = [row('made', 1, 1), row('made', 2, 2), row('one', 3, 4), row('other', 1, 3, 'account-b')];
    expect(check([answer('made', 2), answer('other', 1, 'account-b'), answer('one', 3)], rows)).toEqual(right);
  });

  it('shows an order that was acknowledged and is not there', () => {
    expect(check([answer('gone', 2)], [row('one', 1, 1)])).toEqual({ ...right, lost: 1 });
  });

  it('shows an order that was carried out twice', () => {
    const rows = [row('one', 1, 1), row('two', 2, 2), row('one', 3, 3)];
    expect(check([], rows)).toEqual({ ...right, doubled: 1 });
  });

  it('shows answers that name a wrong version, and versions that go backwards', () => {
    const rows = [row('one', 1, 1), row('two', 2, 2)];
    expect(check([answer('two', 1), answer('one', 1)], rows)).toEqual({ ...right, misquoted: 1, backwards: 1 });
  });

  it('shows holes, events without a position, and positions against the order of a stream', () => {
    expect(check([], [row('one', 1, 1), row('two', 3, 2)])).toEqual({ ...right, holes: 1 });
    expect(check([], [row('one', 1, null)])).toEqual({ ...right, misplaced: 1 });
    expect(check([], [row('one', 1, 2), row('two', 2, 1)])).toEqual({ ...right, misplaced: 1 });
  });
});
