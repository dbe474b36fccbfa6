import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The search in the timeline by an index of all groups of three letters. Postgres brings the extension along (contrib); where
 * it was left out, or the role may not make it, every search looks at every entry, as it did before. How far the timeline has
 * come, the checkpoints of its projections tell now.
 */
export class SearchedHistory1764000000030 implements MigrationInterface {
  readonly name = 'SearchedHistory1764000000030';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table history_positions;
      do $$
      declare
        place text;
      begin
        begin
          create extension if not exists pg_trgm;
        exception when others then
          raise notice 'The search in the timeline goes without its index: %', sqlerrm;
        end;
        select n.nspname into place from pg_extension e join pg_namespace n on n.oid = e.extnamespace
          where e.extname = 'pg_trgm';
        if place is not null then
          execute format('create index history_searched on history using gin (searched %I.gin_trgm_ops)', place);
        end if;
      end $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index if exists history_searched;
      create table history_positions (family text primary key, position bigint not null)`);
  }
}
