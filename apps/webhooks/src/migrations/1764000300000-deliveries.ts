import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far each webhook is and who sends for it; and what was tried. */
export class Deliveries1764000300000 implements MigrationInterface {
  readonly name = 'Deliveries1764000300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table places (
        webhook_id uuid primary key,
        -- Everything up to here is delivered; null before the first look.
        position text,
        -- What is delivered beyond it, as stream:position: facts of other nodes than the one that waits.
        done jsonb not null default '[]',
        -- The version of the fact that said from where to send.
        start_order int not null default 0,
        failing_since timestamptz,
        last_delivered_at timestamptz,
        -- Who sends: nobody else may until it runs out. Each take-over raises the token.
        holder text,
        token bigint not null default 0,
        expires_at timestamptz not null default '-infinity');
      create table deliveries (
        n bigint generated always as identity primary key,
        webhook_id uuid not null,
        message_id text not null,
        type text not null,
        position text not null,
        attempt int not null,
        outcome text not null,
        status int,
        took_ms int not null,
        at timestamptz not null);
      create index deliveries_of_webhook on deliveries (webhook_id, n desc);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table deliveries, places');
  }
}
