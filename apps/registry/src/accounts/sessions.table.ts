import type { AccountEvent } from '@muster/contracts';
import { Column, Entity, type EntityManager, PrimaryColumn } from 'typeorm';

/** The sessions that are open, by the hash of their token. A row ends with its fact, and at the latest with its account's next. */
@Entity('sessions')
export class SessionRow {
  @PrimaryColumn('text', { name: 'token_hash' }) tokenHash!: string;
  @Column('uuid', { name: 'session_id' }) sessionId!: string;
  @Column('uuid', { name: 'account_id' }) accountId!: string;
  @Column('timestamptz', { name: 'opened_at' }) openedAt!: Date;
  @Column('timestamptz', { name: 'seen_at' }) seenAt!: Date;
  @Column('text') device!: string;
  @Column('text', { name: 'remote_address' }) remoteAddress!: string;
}

/** Closes in the table what the facts have ended: in their own transaction, so that no token outlives its session. */
export async function endSessions(events: readonly AccountEvent[], tx: EntityManager): Promise<void> {
  for (const { type, data } of events)
    if (type === 'AccountSignedOut') await tx.delete(SessionRow, { sessionId: data.sessionId });
}
