import { AT } from '../testing/examples.js';
import { aRequest } from '../testing/request-examples.js';
import { rowOf } from './request-words.js';

const nowMs = Date.parse(AT) + 10_000;

describe('a request in words', () => {
  it('says who served it, how long that took and what came of it', () => {
    expect(rowOf(aRequest(0), nowMs)).toMatchObject({
      ...{ model: 'tiny-chat', node: 'brisk-otter', key: 'docs-chat', state: 'Completed', colour: 'green' },
      ...{ queue: '0 ms', firstToken: '180 ms', total: '2.4 s', tokens: '412 › 231' },
    });
  });

  it('counts on while it waits or is on a node', () => {
    const open = { nodeId: undefined, queueMs: undefined, totalMs: undefined } as const;
    expect(rowOf({ ...aRequest(2), ...open, state: 'queued' } as never, nowMs)).toMatchObject({
      ...{ node: 'waiting', queue: '8 s', total: '8 s' },
    });
    expect(rowOf(aRequest(2, { state: 'running' }), nowMs)).toMatchObject({ state: 'In flight', total: '8 s' });
  });

  it('shows what is not known as a dash, and why it failed in words', () => {
    const { requestId, router, acceptedAt, model, stream } = aRequest(1);
    const failed = { requestId, router, acceptedAt, model, stream, state: 'failed', error: 'stream-broken' } as const;
    expect(rowOf(failed, nowMs)).toMatchObject({
      ...{ firstToken: '–', tokens: '–', outcome: 'The answer broke off', colour: 'red' },
    });
    expect(rowOf(aRequest(1, { state: 'lost' }), nowMs).outcome).toContain('fell silent');
  });

  it('lets no name reorder what stands beside it', () => {
    expect(rowOf(aRequest(1, { model: 'evil\u202Eledom' }), nowMs).model).not.toContain('\u202E');
  });
});
