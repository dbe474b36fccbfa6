import { Problem } from '@muster/contracts';

/** The Gateway understood and said no, or could not: a problem (RFC 9457). `code` is what to look at; it is from a closed list. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(readonly problem: Problem) {
    super(`${problem.code}: ${problem.detail ?? problem.title}`);
  }

  get code(): string {
    return this.problem.code;
  }

  /** The status of the answer; of a stream that broke off, the one that it would have had. */
  get status(): number {
    return this.problem.status;
  }

  get detail(): string | undefined {
    return this.problem.detail;
  }

  /** Every field of the call that is wrong, each with its words. */
  get fields(): readonly { readonly field: string; readonly words: string }[] {
    return this.problem.fields ?? [];
  }

  /** The first of them. */
  get field(): string | undefined {
    return this.fields[0]?.field;
  }

  /** How long to wait before another try, in milliseconds. */
  get retryAfterMs(): number | undefined {
    return this.problem.retryAfterMs;
  }

  /** After `version-conflict`: the version that won. */
  get currentVersion(): number | undefined {
    return this.problem.currentVersion;
  }

  /** Under this the services' logs tell of the call. */
  get requestId(): string | undefined {
    return this.problem.requestId;
  }
}

/** There was no answer, in time or at all. What was ordered may have been done: the same command id tries it without a second effect. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';

  constructor(
    /** Under which the order can be given again. */
    readonly commandId: string | undefined,
    options: { cause: unknown },
  ) {
    super('The Gateway did not answer', options);
  }
}

/** An answer that is none of the route's: another server, a proxy in between, or a release that this one does not know. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';

  constructor(
    words: string,
    readonly status: number,
    options?: { cause: unknown },
  ) {
    super(`Unexpected answer: ${words}`, options);
  }
}

/** The problem that a line or a body is; undefined for anything else. */
export function problemIn(value: unknown): Problem | undefined {
  const parsed = Problem.safeParse(value);
  return parsed.success && parsed.data.type.startsWith('urn:muster:problem:') ? parsed.data : undefined;
}
