import {
  behindWords,
  curlProgram,
  heldWords,
  httpWords,
  natsProgram,
  readsWords,
  suspendedWords,
} from './integration-words.js';

const AT = Date.parse('2026-11-23T12:00:00.000Z');

describe('the words about an integration', () => {
  it('say what it reads, and by which doors', () => {
    expect(readsWords({ streams: ['FLEET', 'HEALTH'], doors: ['http', 'nats'] })).toBe(
      'Reads FLEET, HEALTH by HTTP and NATS',
    );
  });

  it('say why it is suspended, by whom and since when', () => {
    const suspended = { because: 'by-hand', reason: 'Too chatty', at: '2026-11-23T11:57:00.000Z', by: 'Ada' } as const;
    expect(suspendedWords({ suspended }, AT)).toBe('Suspended by hand: Too chatty (Ada, 3 min ago)');
    expect(suspendedWords({}, AT)).toBeUndefined();
  });

  it('say how far behind it is', () => {
    expect(behindWords({ waiting: 0, unacknowledged: 0 })).toBe('Up to date');
    expect(behindWords({ waiting: 1, unacknowledged: 0 })).toBe('1 fact behind');
    expect(behindWords({ waiting: 9, unacknowledged: 3 })).toBe(
      '12 facts behind, 3 of them given and not acknowledged',
    );
  });

  it('say how far it is over HTTP, and how far behind where that is known', () => {
    const place = { streams: ['FLEET' as const, 'HEALTH' as const], position: 'F17.H3' };
    expect(httpWords({ ...place, waiting: 12 })).toEqual({
      ...{ reads: 'reads FLEET, HEALTH up to', position: 'F17.H3', behind: '· 12 facts behind', isBehind: true },
    });
    expect(httpWords({ ...place, waiting: 0 })).toMatchObject({ behind: '· Up to date', isBehind: false });
    expect(httpWords(place)).toMatchObject({ behind: '', isBehind: false });
  });

  it('say what a connection does not take', () => {
    expect(heldWords({ pendingBytes: 0 })).toBeUndefined();
    expect(heldWords({ pendingBytes: 2 ** 20 })).toMatch(/^does not take 1/);
  });

  it('give programs that hold no secret', () => {
    expect(natsProgram('integration-x', 'FLEET')).toContain("consumers.get('FLEET', user)");
    expect(natsProgram('integration-x', 'FLEET')).toContain("inboxPrefix: '_INBOX_' + user");
    expect(curlProgram('https://muster.lab')).toContain("'https://muster.lab/api/events?after=now'");
  });
});
