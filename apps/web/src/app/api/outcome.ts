import type { FieldProblem, RefusalCode } from '@muster/contracts';

/** Why a call brought nothing: refused with a code, or `outage` when nobody answered or the answer made no sense. */
export interface Failure {
  readonly code: RefusalCode | 'outage';
  /** For a person. */
  readonly words: string;
  readonly fields: readonly FieldProblem[];
  readonly retryAfterMs?: number;
}

/** How a call ended. A refusal is an everyday answer here, so it is a value and not an exception. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export const outage = (words: string): { readonly ok: false; readonly failure: Failure } => ({
  ok: false,
  failure: { code: 'outage', words, fields: [] },
});

/** The words a failure has for one field of a form, if any. */
export const wordsFor = (failure: Failure, field: string): string | undefined =>
  failure.fields.find((problem) => problem.field === field)?.words;

/** A refusal with one of these codes says that it is done already, by whoever was faster. */
export const doneIf = (outcome: Outcome<unknown>, ...codes: RefusalCode[]): Outcome<unknown> =>
  !outcome.ok && codes.some((code) => code === outcome.failure.code) ? { ok: true, value: undefined } : outcome;

/** The same outcome with another value where there is one. */
export const mapped = <T, R>(outcome: Outcome<T>, take: (value: T) => R): Outcome<R> =>
  outcome.ok ? { ok: true, value: take(outcome.value) } : outcome;
