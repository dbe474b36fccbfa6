import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a long stream came to, so that a command need not read all of it. A cache: it may be emptied at any time. */
export class Snapshots1765000000000 implements MigrationInterface {
  readonly name = 'Snapshots1765000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table snapshots (
        stream_id text primary key,
        -- By which edition of evolve and of the facts' shapes it was folded.
        reducer text not null,
        version int not null,
        state jsonb not null)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table snapshots');
  }
}
