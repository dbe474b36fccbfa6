import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What outlasts the monitor of samples and logs: how far each node's flow was taken in, its log, and its figures by the
 * minute. Rows come in the order of time, which is what a BRIN index is small and good for.
 */
export class Telemetry1764000100010 implements MigrationInterface {
  readonly name = 'Telemetry1764000100010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table node_flows (
        node_id uuid primary key,
        token bigint not null,
        last_n bigint not null,
        run uuid,
        sample bigint not null,
        numbering uuid,
        line bigint not null)`);
    await runner.query(`
      create table node_log (
        node_id uuid not null,
        n bigint not null,
        shown_at timestamptz not null,
        kept_at timestamptz not null default clock_timestamp(),
        entry text not null,
        primary key (node_id, n))`);
    await runner.query('create index node_log_shown_at on node_log (node_id, shown_at)');
    await runner.query('create index node_log_kept_at on node_log using brin (kept_at)');
    const spread = (name: string, rule = '') => `${name} real${rule}, ${name}_highest real${rule}`;
    await runner.query(`
      create table node_minutes (
        node_id uuid not null,
        minute timestamptz not null,
        samples int not null,
        ${spread('cpu', ' not null')}, ${spread('memory', ' not null')}, ${spread('gpu')}, ${spread('vram')},
        ${spread('in_flight')}, ${spread('tokens')},
        primary key (node_id, minute))`);
    await runner.query('create index node_minutes_minute on node_minutes using brin (minute)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table node_minutes, node_log, node_flows');
  }
}
