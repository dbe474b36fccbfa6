import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who watches which nodes: one row a shard, and who is there to hold them. */
export class Leases1764000100000 implements MigrationInterface {
  readonly name = 'Leases1764000100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table leases (
        shard int primary key,
        holder text,
        token bigint not null default 0,
        expires_at timestamptz not null default '-infinity')`);
    await runner.query('insert into leases (shard) select generate_series(0, 63)');
    await runner.query('create table monitors (monitor_id text primary key, seen_at timestamptz not null)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table monitors, leases');
  }
}
