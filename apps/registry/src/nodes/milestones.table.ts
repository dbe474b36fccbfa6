import { onDatabase } from '@muster/event-store';
import { Column, type DataSource, Entity, type EntityManager, PrimaryColumn } from 'typeorm';

/** What has happened once and can not unhappen. */
@Entity('milestones')
export class MilestoneRow {
  @PrimaryColumn('text') name!: string;
  @Column('timestamptz') at!: Date;
}

const FIRST_NODE = 'first-node-registered';

/** Whether any node was ever registered, removed ones included. */
export const anyNodeEver = (database: DataSource): Promise<boolean> =>
  onDatabase(() => database.manager.existsBy(MilestoneRow, { name: FIRST_NODE }));

/**
 * Notes, in the transaction of NodeRegistered, that there has been a node. False when it was noted before. Of two first
 * registrations at the same moment the second waits here for the first to commit or to fail.
 */
export async function noteFirstNode(at: Date, tx: EntityManager): Promise<boolean> {
  const { raw } = await tx
    .createQueryBuilder()
    .insert()
    .into(MilestoneRow)
    .values({ name: FIRST_NODE, at })
    .orIgnore()
    .returning('name')
    .execute();
  return (raw as unknown[]).length === 1;
}
