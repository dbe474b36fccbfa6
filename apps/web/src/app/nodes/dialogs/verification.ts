import { stageTitles, verifyStages, type Status, type VerifyStage, type VerifyStep } from '@muster/contracts';
import type { Outcome } from '../../api/outcome.js';

type Passed = Extract<VerifyStep, { outcome: 'passed' }>;
type Failed = Extract<VerifyStep, { outcome: 'failed' }>;
export type Verified = Extract<VerifyStep, { outcome: 'verified' }>;

/** One look at an address, as far as it has come. */
export type Verification =
  | { readonly state: 'running'; readonly passed: readonly Passed[] }
  | { readonly state: 'failed'; readonly passed: readonly Passed[]; readonly failed: Failed }
  | { readonly state: 'verified'; readonly passed: readonly Passed[]; readonly found: Verified }
  /** Nothing was learnt about the address: the looking itself went wrong. */
  | { readonly state: 'broken'; readonly passed: readonly Passed[]; readonly words: string };

export const started: Verification = { state: 'running', passed: [] };

/** Takes what the stream told next. Once it came to an end of any kind, nothing changes it. */
export function told(verification: Verification, outcome: Outcome<VerifyStep>): Verification {
  if (verification.state !== 'running') return verification;
  const { passed } = verification;
  if (!outcome.ok) return { state: 'broken', passed, words: outcome.failure.words };
  const step = outcome.value;
  switch (step.outcome) {
    case 'passed':
      return { state: 'running', passed: [...passed.filter(({ stage }) => stage !== step.stage), step] };
    case 'failed':
      return { state: 'failed', passed, failed: step };
    case 'verified':
      return { state: 'verified', passed, found: step };
  }
}

/** The stream is over: without a last word it broke off. */
export const over = (verification: Verification): Verification =>
  verification.state === 'running'
    ? { state: 'broken', passed: verification.passed, words: 'The verification broke off. Try again.' }
    : verification;

export interface StageLine {
  readonly stage: VerifyStage;
  readonly colour: Status['colour'];
  readonly state: 'passed' | 'failed' | 'running' | 'waiting';
  readonly words: string;
  /** Small, beside the words. */
  readonly detail: string | undefined;
  /** What it means and what to do. */
  readonly remedy: string | undefined;
  readonly tookMs: number | undefined;
}

/** Every stage in its order, whether it has come to it or not. */
export function stageLines(verification: Verification): StageLine[] {
  const next = verifyStages.find((stage) => !verification.passed.some((step) => step.stage === stage));
  return verifyStages.map((stage): StageLine => {
    const passed = verification.passed.find((step) => step.stage === stage);
    if (passed !== undefined) {
      const { words, detail, tookMs } = passed;
      return { stage, colour: 'green', state: 'passed', words, detail, remedy: undefined, tookMs };
    }
    if (verification.state === 'failed' && verification.failed.stage === stage) {
      const { words, remedy, tookMs } = verification.failed;
      return { stage, colour: 'red', state: 'failed', words, detail: undefined, remedy, tookMs };
    }
    const running = verification.state === 'running' && stage === next;
    return {
      stage,
      colour: running ? 'amber' : 'grey',
      state: running ? 'running' : 'waiting',
      words: stageTitles[stage],
      detail: undefined,
      remedy: undefined,
      tookMs: undefined,
    };
  });
}
