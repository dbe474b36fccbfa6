import { Column, Entity, type EntityManager, LessThan, PrimaryColumn } from 'typeorm';

/** How long an address stays familiar without a sign-in from it. */
export const FAMILIAR_FOR_MS = 30 * 24 * 60 * 60_000;
/** How many addresses an account is familiar with; the one used longest ago makes room. */
const MAX_FAMILIAR = 20;

/** Where an account has signed in from: guessing from elsewhere does not delay its holder there. */
@Entity('familiar_addresses')
export class FamiliarAddressRow {
  @PrimaryColumn('uuid', { name: 'account_id' }) accountId!: string;
  @PrimaryColumn('text') address!: string;
  @Column('timestamptz', { name: 'last_at' }) lastAt!: Date;
}

export async function becomeFamiliar(accountId: string, address: string, at: Date, tx: EntityManager): Promise<void> {
  await tx.upsert(FamiliarAddressRow, { accountId, address, lastAt: at }, ['accountId', 'address']);
  await tx.delete(FamiliarAddressRow, { accountId, lastAt: LessThan(new Date(at.getTime() - FAMILIAR_FOR_MS)) });
  const tooMany = await tx.find(FamiliarAddressRow, {
    where: { accountId },
    order: { lastAt: 'DESC' },
    skip: MAX_FAMILIAR,
  });
  if (tooMany.length > 0) await tx.remove(tooMany);
}
