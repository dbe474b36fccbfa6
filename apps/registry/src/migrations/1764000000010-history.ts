import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The timeline: every fact of every family, and what each node was by its facts. */
export class History1764000000010 implements MigrationInterface {
  readonly name = 'History1764000000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table history (
        id uuid primary key,
        family text not null,
        stream text not null,
        version int not null,
        position bigint not null,
        at timestamptz not null,
        type text not null,
        data jsonb not null,
        meta jsonb not null,
        subject jsonb not null,
        node_id uuid,
        account_id uuid,
        actor_kind text not null,
        actor_id text not null,
        actor_key text not null,
        searched text not null,
        node_after jsonb
      );
      create index history_newest on history (at desc, position desc, id desc);
      create index history_of_node on history (node_id, at desc, position desc, id desc) where node_id is not null;
      create index history_of_account on history (account_id, at desc, position desc, id desc) where account_id is not null;
      create index history_by_actor on history (actor_id, at desc, position desc, id desc);
      -- What a node was at some time: its last fact of the fleet, its last of each kind of health.
      create index history_decided on history (node_id, at desc, position desc) where family = 'node';
      create index history_observed on history (node_id, type, at desc, position desc) where family = 'health';
      create table history_subjects (
        kind text not null,
        id text not null,
        name text not null,
        node jsonb,
        primary key (kind, id)
      );
      create table history_positions (
        family text primary key,
        position bigint not null
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table history_positions, history_subjects, history');
  }
}
