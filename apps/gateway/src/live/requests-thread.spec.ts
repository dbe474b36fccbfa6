import { LIVE_REQUESTS, type RequestView } from '@muster/contracts';
import { RequestsThread } from './requests-thread.js';

const request = (n: number, state: RequestView['state'] = 'running'): RequestView => ({
  requestId: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  router: '00000000-0000-4000-8000-ffffffffffff',
  state,
  acceptedAt: new Date(Date.UTC(2026, 10, 23, 12, 0, n)).toISOString(),
  model: 'tiny',
  stream: false,
});

describe('the newest requests in a room', () => {
  it('are the page and what came while it was awaited, each in its newest shape', () => {
    const thread = new RequestsThread();
    expect(thread.add([request(2, 'completed'), request(3)])).toBe(false);
    thread.begin({ requests: [request(2), request(1)], older: null });
    expect(thread.snapshot().requests).toEqual([request(3), request(2, 'completed'), request(1)]);
    expect(thread.snapshot().older).toBeNull();
  });

  it('change where they are, newest first', () => {
    const thread = new RequestsThread();
    thread.begin({ requests: [request(2), request(1)], older: null });
    expect(thread.add([request(1, 'failed'), request(4)])).toBe(true);
    expect(thread.snapshot().requests).toEqual([request(4), request(2), request(1, 'failed')]);
  });

  it('are bounded, and say where the older ones begin', () => {
    const thread = new RequestsThread();
    thread.begin({ requests: [], older: null });
    thread.add(Array.from({ length: LIVE_REQUESTS + 5 }, (_, n) => request(n)));
    const { requests, older } = thread.snapshot();
    expect(requests).toHaveLength(LIVE_REQUESTS);
    expect(older).toContain(requests.at(-1)?.requestId);
  });
});
