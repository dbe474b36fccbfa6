import { createHash, randomBytes } from 'node:crypto';

/** A session ends this long after it was opened, used or not. */
export const SESSION_MAX_AGE_MS = 30 * 24 * 60 * 60_000;
/** A session that was not used for this long has ended. */
export const SESSION_MAX_IDLE_MS = 7 * 24 * 60 * 60_000;
/** Use is noted no more often than this, so that checking a session hardly ever writes. */
export const SEEN_NOTED_EVERY_MS = 60_000;

/** 256 random bits: whoever has it has the session. Handed out once and stored nowhere. */
export const newToken = (): string => randomBytes(32).toString('base64url');

/** What is stored in place of a token. A plain hash is enough for 256 random bits: there is nothing to guess. */
export const hashOfToken = (token: string): string => createHash('sha256').update(token).digest('hex');

/** When a session ends unless it is used again, in ms since 1970. */
export const endsAtMs = ({ openedAt, seenAt }: { openedAt: Date; seenAt: Date }): number =>
  Math.min(openedAt.getTime() + SESSION_MAX_AGE_MS, seenAt.getTime() + SESSION_MAX_IDLE_MS);
