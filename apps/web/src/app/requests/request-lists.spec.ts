import { aRequest } from '../testing/request-examples.js';
import { grow, keyOf, shown, union } from './request-lists.js';

describe('lists of requests', () => {
  it('have each request once, in its newest shape, newest first', () => {
    const [running, done] = [aRequest(1, { state: 'running' }), aRequest(1)];
    expect(union([running, aRequest(3)], [aRequest(2), done])).toEqual([aRequest(3), aRequest(2), done]);
  });

  it('grow by what comes, and keep the newest', () => {
    const live = grow({ requests: [aRequest(2), aRequest(1)], older: null }, [aRequest(3)], 2);
    expect(live.requests).toEqual([aRequest(3), aRequest(2)]);
    expect(live.older).toContain(aRequest(2).requestId);
  });

  it('show a filter what was fetched for it and what came live, and nothing that is otherwise by now', () => {
    const filter = { state: 'running' } as const;
    const fetched = {
      key: keyOf(filter),
      requests: [aRequest(1, { state: 'running' }), aRequest(2, { state: 'running' })],
      older: null,
    };
    const live = { requests: [aRequest(2), aRequest(3, { state: 'running' }), aRequest(4)], older: null };
    expect(shown(live, fetched, filter).requests.map(({ requestId }) => requestId)).toEqual([
      aRequest(3).requestId,
      aRequest(1).requestId,
    ]);
  });

  it('say whether more are to be had, and whether all that came live was looked at for a filter', () => {
    const live = { requests: [aRequest(1)], older: 'there are' };
    expect(shown(live, undefined, {})).toMatchObject({ more: true, complete: true });
    expect(shown(live, undefined, { model: 'other' })).toMatchObject({ requests: [], complete: false });
    const fetched = { key: keyOf({ model: 'other' }), requests: [], older: null };
    expect(shown(live, fetched, { model: 'other' })).toMatchObject({ more: false, complete: true });
  });
});
