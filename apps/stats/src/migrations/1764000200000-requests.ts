import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is counted of requests, and the requests themselves for as long as they are kept. */
export class Requests1764000200000 implements MigrationInterface {
  readonly name = 'Requests1764000200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table cells, cell_changes, requests, ledger');
  }
}

const TABLES = `
-- One row: every transaction that counts moves its version on, so that two processes never count beside each other.
create table ledger (
  single boolean primary key default true check (single),
  version bigint not null,
  totals jsonb not null);

create table requests (
  request_id uuid primary key,
  accepted_at timestamptz not null,
  ended_at timestamptz,
  state text not null,
  router uuid not null,
  node_id uuid,
  model text not null,
  key_id uuid,
  total_ms double precision,
  facts json not null);
create index requests_newest on requests (accepted_at desc, request_id desc);
create index requests_node on requests (node_id, accepted_at desc, request_id desc);
create index requests_model on requests (model, accepted_at desc, request_id desc);
create index requests_key on requests (key_id, accepted_at desc, request_id desc);
create index requests_open on requests (request_id) where state in ('queued', 'running');
create index requests_ended on requests (ended_at);

-- What is counted of the requests that ended in a slot of time, by node, model and key, at each level of fineness.
create table cells (
  level text not null,
  slot bigint not null,
  by text not null,
  id text not null,
  cell json not null,
  primary key (level, slot, by, id));

-- What is still to be added to the cells: written with the facts, added up a few times a minute.
create table cell_changes (
  change bigint primary key generated always as identity,
  slot bigint not null,
  by text not null,
  id text not null,
  cell json not null);
create index cell_changes_slot on cell_changes (slot);
`;
