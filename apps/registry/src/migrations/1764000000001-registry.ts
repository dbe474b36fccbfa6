import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of the registry beside those of the event store. */
export class Registry1764000000001 implements MigrationInterface {
  readonly name = 'Registry1764000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table accounts (
        account_id uuid primary key,
        name text not null,
        name_key text not null unique,
        permissions text[] not null,
        created_at timestamptz not null
      );
      create table credentials (
        account_id uuid primary key references accounts on delete cascade,
        password_hash text not null,
        set_at timestamptz not null
      );
      create table sessions (
        token_hash text primary key,
        session_id uuid not null unique,
        account_id uuid not null references accounts on delete cascade,
        opened_at timestamptz not null,
        seen_at timestamptz not null,
        device text not null,
        remote_address text not null
      );
      create index sessions_of_account on sessions (account_id);
      create table familiar_addresses (
        account_id uuid not null references accounts on delete cascade,
        address text not null,
        last_at timestamptz not null,
        primary key (account_id, address)
      );
      create table failed_tries (
        -- Locked in the order of its bytes, by whoever needs several.
        lane text collate "C" primary key,
        failures int not null,
        last_at timestamptz not null
      );
      create index failed_tries_by_age on failed_tries (last_at);
      create table secrets (
        name text primary key,
        sealed jsonb not null,
        key_id text not null
      );
      create table milestones (
        name text primary key,
        at timestamptz not null
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'drop table milestones, secrets, failed_tries, familiar_addresses, sessions, credentials, accounts',
    );
  }
}
