import { compare } from './ledger.js';

const event = (command: string | null, version: number, stream = 'node-a') => ({
  command_id: command,
  stream_id: stream,
  version,
});

describe('what was acknowledged beside what is stored', () => {
  it('is right when each order is there once, whatever else is', () => {
    const stored = [event('one', 1), event(null, 2), event('two', 3), event('other', 1, 'node-b')];
    expect(compare(['one', 'two'], stored)).toEqual({ lost: 0, doubled: 0, holes: 0 });
  });

  it('shows what is lost, what is doubled, and a version that is missing', () => {
    const stored = [event('one', 1), event('one', 2), event('two', 4)];
    expect(compare(['one', 'two', 'three'], stored)).toEqual({ lost: 1, doubled: 1, holes: 1 });
  });
});
