import { Outage, type Problem, Refusal, type RefusalCode, refusals } from '@muster/contracts';

/** What this door alone can say, beside the refusals: about HTTP itself, about outages and about our own mistakes. */
export const doorCodes = {
  'method-not-allowed': 'This address does not know that method.',
  'too-slow': 'The request took too long to arrive.',
  'headers-too-large': 'The headers of the request are too large.',
  'not-http': 'This is not a request that can be read.',
  outage: 'A part of Muster is away right now. Try again in a moment.',
  bug: 'Something went wrong inside Muster. The log has the cause under this request id.',
} as const;

export type ProblemCode = RefusalCode | keyof typeof doorCodes;

/** The one table from codes to HTTP. A new code does not compile until it stands here. */
export const statusOfCode: Record<ProblemCode, number> = {
  'bad-input': 400,
  'not-signed-in': 401,
  'not-permitted': 403,
  'origin-refused': 403,
  'too-many-tries': 429,
  'sign-in-failed': 401,
  'code-wrong': 403,
  'first-account-exists': 409,
  'account-unknown': 404,
  'account-name-taken': 409,
  'account-deleted': 410,
  'account-disabled': 403,
  'own-account': 409,
  'last-administrator': 409,
  'password-common': 400,
  'password-wrong': 403,
  'session-unknown': 404,
  'key-refused': 401,
  'key-unknown': 404,
  'key-revoked': 410,
  'key-shown-once': 409,
  'too-many-keys': 409,
  'integration-unknown': 404,
  'integration-revoked': 410,
  'integration-suspended': 403,
  'secret-shown-once': 409,
  'secret-refused': 401,
  'too-many-integrations': 409,
  'door-closed': 403,
  'stream-not-permitted': 403,
  'webhook-unknown': 404,
  'webhook-removed': 410,
  'too-many-webhooks': 409,
  'node-unknown': 404,
  'node-removed': 410,
  'node-name-taken': 409,
  'node-address-taken': 409,
  'node-already-registered': 409,
  'node-not-connected': 409,
  'node-too-old': 409,
  'node-busy': 503,
  'node-failed': 502,
  'node-stopping': 503,
  'executor-unknown': 404,
  'executor-not-ours': 409,
  'executor-not-wanted': 409,
  'model-unknown': 404,
  'model-not-usable': 409,
  'too-many-executors': 409,
  'request-unknown': 404,
  'verification-failed': 422,
  'certificate-differs': 409,
  'rotation-running': 409,
  'projection-unknown': 404,
  'rebuild-running': 409,
  'version-conflict': 409,
  'position-ahead': 400,
  'position-too-old': 410,
  'too-many-streams': 429,
  'not-found': 404,
  'too-large': 413,
  'method-not-allowed': 405,
  'too-slow': 408,
  'headers-too-large': 431,
  'not-http': 400,
  outage: 503,
  bug: 500,
};

/** The media type of every error answer (RFC 9457 3). */
export const PROBLEM_MEDIA = 'application/problem+json';

/** How long to wait after an outage when nobody knows better. */
const OUTAGE_RETRY_AFTER_MS = 2_000;

const wordsOfCode: Record<ProblemCode, string> = { ...refusals, ...doorCodes };

/** An error answer for a code; `more` are the particulars of this case. */
export const problem = (code: ProblemCode, more: Partial<Problem> = {}): Problem => ({
  type: `urn:muster:problem:${code}`,
  title: wordsOfCode[code],
  status: statusOfCode[code],
  code,
  ...more,
});

/**
 * What went wrong as an error answer. Refusals keep their words; an outage and a mistake of ours never show theirs, since
 * those speak of the inside.
 */
export function problemOf(error: unknown, requestId?: string): Problem {
  const about = requestId === undefined ? {} : { requestId };
  if (error instanceof Outage) return problem('outage', { ...about, retryAfterMs: OUTAGE_RETRY_AFTER_MS });
  if (!(error instanceof Refusal)) return problem('bug', about);
  const { words, field, fields, retryAfterMs, currentVersion, missed, oldest } = error.detail;
  const named = fields ?? (field === undefined ? undefined : [{ field, words: words ?? refusals[error.code] }]);
  return problem(error.code, {
    ...about,
    ...(words === undefined ? {} : { detail: words }),
    ...(named === undefined ? {} : { fields: [...named] }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(currentVersion === undefined ? {} : { currentVersion }),
    ...(missed === undefined ? {} : { missed: [...missed] }),
    ...(oldest === undefined ? {} : { oldest }),
  });
}

/** `Retry-After` in whole seconds, at least 1 (RFC 9110 10.2.3), when the problem says how long to wait. */
export const retryAfterOf = ({ retryAfterMs }: Problem): string | undefined =>
  retryAfterMs === undefined ? undefined : String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
