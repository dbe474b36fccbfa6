import type { Sealed } from '@muster/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Secrets of the Gateway, sealed under MUSTER_SECRET: the one place where they are kept. */
@Entity('secrets')
export class SecretRow {
  @PrimaryColumn('text') name!: string;
  @Column('jsonb') sealed!: Sealed;
  @Column('text', { name: 'key_id' }) keyId!: string;
}
