import { verifyStages, type VerifyStep } from '@muster/contracts';
import { outage, type Outcome } from '../../api/outcome.js';
import { over, stageLines, started, told, type Verification } from './verification.js';

const passed = (stage: (typeof verifyStages)[number]): Outcome<VerifyStep> => ({
  ok: true,
  value: { outcome: 'passed', stage, tookMs: 3, words: `${stage} is fine` },
});
const refused: Outcome<VerifyStep> = {
  ok: true,
  value: {
    outcome: 'failed',
    stage: 'key',
    tookMs: 2,
    cause: 'key-refused',
    words: 'Access key refused',
    remedy: 'Copy it.',
  },
};
const after = (...outcomes: Outcome<VerifyStep>[]): Verification => outcomes.reduce(told, started);
const states = (verification: Verification): string[] => stageLines(verification).map(({ state }) => state);

describe('a verification on the page', () => {
  it('begins with the first stage running and the others waiting', () => {
    expect(states(started)).toEqual(['running', 'waiting', 'waiting', 'waiting', 'waiting', 'waiting']);
  });

  it('shows each stage as it ends', () => {
    expect(states(after(passed('name'), passed('port'))).slice(0, 4)).toEqual([
      'passed',
      'passed',
      'running',
      'waiting',
    ]);
  });

  it('stops at the first stage that fails, with what to do', () => {
    const verification = after(passed('name'), passed('port'), passed('encrypted'), refused, passed('hardware'));
    expect(states(verification)).toEqual(['passed', 'passed', 'passed', 'failed', 'waiting', 'waiting']);
    expect(stageLines(verification)[3]).toMatchObject({ words: 'Access key refused', remedy: 'Copy it.', tookMs: 2 });
  });

  it('says that it broke off when the stream ends without a last word', () => {
    expect(over(after(passed('name')))).toMatchObject({ state: 'broken' });
    expect(over(after(refused)).state).toBe('failed');
  });

  it('keeps what was seen when the call itself fails', () => {
    const verification = after(passed('name'), outage('The Gateway does not answer.'));
    expect(verification).toMatchObject({ state: 'broken', words: 'The Gateway does not answer.' });
    expect(states(verification)).toEqual(['passed', 'waiting', 'waiting', 'waiting', 'waiting', 'waiting']);
  });
});
