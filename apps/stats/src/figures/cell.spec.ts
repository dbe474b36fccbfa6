import type { RequestView } from '@muster/contracts';
import { Cell, tokensPerSecond } from './cell.js';

const request = (more: Partial<RequestView>): RequestView => ({
  requestId: '11111111-1111-4111-8111-111111111111',
  router: '22222222-2222-4222-8222-222222222222',
  acceptedAt: '2026-11-23T12:00:00.000Z',
  endpoint: 'chat',
  model: 'tiny',
  stream: true,
  state: 'completed',
  ...more,
});

describe('how fast an answer was written', () => {
  it('is reckoned from the first token of a stream to its end', () => {
    expect(tokensPerSecond(request({ tokensOut: 41, firstTokenMs: 500, totalMs: 1_500 }))).toBe(40);
  });

  it('is reckoned over all the time on the node where the answer came as a whole', () => {
    const whole = request({ stream: false, tokensOut: 40, queueMs: 500, firstTokenMs: 1_500, totalMs: 1_500 });
    expect(tokensPerSecond(whole)).toBe(40);
  });

  it('is not known without tokens, or without time', () => {
    expect(tokensPerSecond(request({ firstTokenMs: 1, totalMs: 2 }))).toBeUndefined();
    expect(tokensPerSecond(request({ tokensOut: 1, firstTokenMs: 1, totalMs: 2 }))).toBeUndefined();
    expect(tokensPerSecond(request({ tokensOut: 5, firstTokenMs: 2, totalMs: 2 }))).toBeUndefined();
  });

  it('has a time to its first token only where it came as a stream', () => {
    const names = (stream: boolean) => {
      const cell = new Cell();
      cell.ended(request({ stream, tokensOut: 5, queueMs: 0, firstTokenMs: 9, totalMs: 9 }), false);
      return Object.keys(cell.tally());
    };
    expect(names(true)).toContain('firstTokenMs');
    expect(names(false)).not.toContain('firstTokenMs');
  });
});
