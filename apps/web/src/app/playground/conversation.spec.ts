import type { PlaygroundStep } from '@muster/contracts';
import { after, type Answer, speedOf, whyOf } from './conversation.js';

const routed = (more: Partial<Extract<PlaygroundStep, { step: 'routed' }>> = {}) => ({
  step: 'routed' as const,
  requestId: 'r',
  nodeName: 'brisk',
  executorId: 'e',
  queueMs: 0,
  choices: [
    { nodeName: 'brisk', executorId: 'e', inFlight: 0, slots: 2 },
    { nodeName: 'calm', executorId: 'e', inFlight: 1, slots: 2 },
  ],
  ...more,
});

describe('an answer in the playground', () => {
  it('grows piece by piece and ends with its figures', () => {
    const steps: PlaygroundStep[] = [
      routed(),
      { step: 'text', text: 'Hel' },
      { step: 'text', text: 'lo' },
      { step: 'done', totalMs: 100, tokensOut: 2 },
    ];
    const answer = steps.reduce<Answer>(after, { state: 'waiting', text: '' });
    expect(answer).toMatchObject({ state: 'done', text: 'Hello', done: { totalMs: 100 } });
  });

  it('keeps its text when it fails in the middle', () => {
    const answer = after({ state: 'streaming', text: 'Hel' }, { step: 'failed', status: 200, words: 'It broke off' });
    expect(answer).toEqual({ state: 'failed', text: 'Hel', words: 'It broke off' });
  });

  it('has a speed from its first piece on', () => {
    expect(speedOf({ step: 'done', totalMs: 1_100, firstTokenMs: 100, tokensOut: 51 })).toBe(50);
    expect(speedOf({ step: 'done', totalMs: 1_100, firstTokenMs: 100, tokensOut: 1 })).toBeUndefined();
    expect(speedOf({ step: 'done', totalMs: 1_100 })).toBeUndefined();
  });

  it('says why it came from there', () => {
    expect(whyOf(routed())).toBe('The least busy of 2 executors: 0 of 2 slots in use.');
    expect(whyOf(routed({ nodeName: 'calm' }))).toContain('same beginning');
    expect(whyOf(routed({ queueMs: 42.4 }))).toContain('waited 42 ms');
    expect(whyOf(routed({ choices: routed().choices.slice(0, 1) }))).toContain('only executor');
    expect(whyOf(routed({ choices: [] }))).toContain('came online');
  });
});
