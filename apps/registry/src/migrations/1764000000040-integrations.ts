import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The list of integrations. */
export class Integrations1764000000040 implements MigrationInterface {
  readonly name = 'Integrations1764000000040';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table integrations (
        integration_id uuid primary key,
        name text not null,
        streams text[] not null,
        -- Since when it may read each of them.
        streams_since jsonb not null default '{}',
        doors text[] not null,
        prefix text not null,
        nats_hash text not null,
        created_at timestamptz not null,
        secret_since timestamptz not null,
        -- Because of what, why, since when and by whom; null while it is not suspended.
        suspended jsonb,
        revoked_at timestamptz,
        last_seen_at timestamptz,
        version int not null
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table integrations');
  }
}
