import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts that can be disabled, and changed by several people at once. */
export class ManagedAccounts1764000000011 implements MigrationInterface {
  readonly name = 'ManagedAccounts1764000000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table accounts
        add column disabled boolean not null default false,
        add column version int not null default 0;
      update accounts a
        set version = coalesce((select max(e.version) from events e where e.stream_id = 'account-' || a.account_id), 0);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table accounts drop column disabled, drop column version');
  }
}
